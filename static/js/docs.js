// Renders the OpenAPI document with the vendored swagger-ui.
"use strict";
{
  const place = document.getElementById("docs");
  window.SwaggerUIBundle({
    url: place.dataset.url,
    domNode: place,
    deepLinking: true,
    docExpansion: "none",
    defaultModelsExpandDepth: -1,
    persistAuthorization: false,
    validatorUrl: null,
  });
}
