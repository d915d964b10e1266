package exit

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// versionIn finds the number in what the catalog says of a version that does not fit.
var versionIn = regexp.MustCompile(`version (\d+)`)

// inWords says in the words of a command line what the services say for programs, in terms of HTTP; ok is false when theirs do.
func inWords(r *admin.RequestError) (what, fix string, ok bool) {
	switch r.Code {
	case "version_mismatch":
		what = "the customer was changed in the meantime"
		if version := versionIn.FindStringSubmatch(r.Detail); version != nil {
			what += "; it is at version " + version[1] + " now"
		}
		return what, "look at it with datasync customers get, and repeat the command with --if-version and that number", true
	case "customer_not_found":
		return "there is no such customer", "look for it with datasync customers list", true
	case "customer_deleted":
		return "the customer is deleted", "bring it back with datasync customers restore", true
	case "customer_erased":
		return "the customer's personal data was erased", "there is nothing left to read, to change or to restore", true
	case "idempotency_key_reused":
		return "this --idempotency-key was used for another command within the last day", "use a new one", true
	case "request_in_progress":
		return "a command with this --idempotency-key is still at work", "wait a moment and repeat the command", true
	}
	switch {
	case r.Status != http.StatusUnauthorized:
		return "", "", false
	case r.Code == "unknown":
		return "the server does not accept the API key", keyFix, true
	}
	return strings.TrimRight(r.Title, "."), keyFix, true
}

const keyFix = "set DATASYNC_API_KEY (or DATASYNC_API_KEY_FILE, the path of a file) to a key of this service: each has its own, and " +
	"several are written catalog=ds_...,stripe=ds_...; datasync keys create makes them"

// flagOf is the flag that a parameter of a request comes from.
func flagOf(parameter string) string {
	switch parameter {
	case "q":
		return "--query"
	case "stripe_customer_id":
		return "--stripe-id"
	}
	return "--" + strings.ReplaceAll(parameter, "_", "-")
}
