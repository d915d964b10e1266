package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// description is the frame of the OpenAPI description; the operations are added when they are registered.
func description() *huma.OpenAPI {
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title:   "DataSync catalog",
			Version: "1",
			Description: "Customers, kept the same here and at every remote (Stripe). " +
				"Every customer says under `sync` how far that has got; `Prefer: wait=5` on a write waits for it.",
		},
		Components: &huma.Components{
			Schemas: huma.NewMapRegistry("#/components/schemas/", schemaName),
			SecuritySchemes: map[string]*huma.SecurityScheme{
				security: {Type: "http", Scheme: "bearer", Description: "An API key: `Authorization: Bearer ds_...`"},
			},
		},
	}
}

// schemaName tells the shapes of the operators' API from those that clients get under the same name.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	if t.PkgPath() == reflect.TypeFor[admin.Status]().PkgPath() {
		return "Admin" + name
	}
	return name
}

func encodeDescription(d *huma.OpenAPI) ([]byte, error) {
	encoded, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the OpenAPI description: %w", err)
	}
	return append(encoded, '\n'), nil
}

// serveDocs serves the description, and Swagger UI with all its assets from the binary.
func serveDocs(engine *gin.Engine, d *huma.OpenAPI) {
	encoded, err := encodeDescription(d)
	if err != nil {
		panic(err) // it is made of this package's types only
	}
	engine.GET("/openapi.json", func(c *gin.Context) {
		c.Data(http.StatusOK, "application/json; charset=utf-8", encoded)
	})
	ui := v5emb.NewHandlerWithConfig(swgui.Config{
		Title: "DataSync catalog", SwaggerJSON: "/openapi.json", BasePath: "/docs",
		// The validator would be somebody else's server.
		SettingsUI: map[string]string{"validatorUrl": "null", "persistAuthorization": "true"},
	})
	engine.GET("/docs", gin.WrapH(ui))
	engine.GET("/docs/*asset", gin.WrapH(ui))
}
