// Package reference keeps the reference documents and the queries of dashboards and alerts in step with the code that
// they describe. Repair what is stale: go test ./e2e/reference -update.
package reference
