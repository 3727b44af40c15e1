"""What the embedded PostgreSQL is told: how it is made, how it runs, its roles and databases; data only."""

DATABASE = "vantrexia"
OWNER_ROLE = "vantrexia_owner"
APP_ROLE = "vantrexia_app"
SEALER_ROLE = "vantrexia_sealer"
SUPERUSER = "postgres"
PORT = 5432

INITDB_OPTIONS = tuple(
    "--encoding=UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8 "
    f"--auth-local=trust --auth-host=reject --username={SUPERUSER} --no-instructions".split()
)
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    # Statements and row details can hold patients' data, which has no place in a log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    # Containers give /dev/shm 64 MB, which parallel plans overrun; our queries are short.
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
}
UNSAFE_BUT_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

ROLES_SQL = f"""
SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE', name)
FROM unnest(ARRAY['{OWNER_ROLE}', '{APP_ROLE}', '{SEALER_ROLE}']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \\gexec
"""  # noqa: S608 - our own constants
# Every step looks first, so a start that was killed half-way is completed by the next one.
DATABASE_SQL = f"""
SELECT format('CREATE DATABASE %I OWNER {OWNER_ROLE} TEMPLATE template0 ENCODING ''UTF8'' LOCALE ''C'' '
              'LOCALE_PROVIDER builtin BUILTIN_LOCALE ''C.UTF-8''', :'name')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \\gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', :'name'),
       format('GRANT CONNECT ON DATABASE %I TO {APP_ROLE}', :'name')
FROM pg_database WHERE datname = :'name' AND datacl IS NULL \\gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO {SEALER_ROLE}', :'name')
WHERE NOT has_database_privilege('{SEALER_ROLE}', :'name', 'CONNECT') \\gexec
\\connect :name
SELECT 'ALTER SCHEMA public OWNER TO {OWNER_ROLE}' FROM pg_namespace
WHERE nspname = 'public' AND nspowner <> '{OWNER_ROLE}'::regrole \\gexec
"""  # noqa: S608 - our own constants
