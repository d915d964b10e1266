// Package api is the catalog's REST API: huma operations on the gin engine. The OpenAPI description is generated from
// the types of this package.
package api
