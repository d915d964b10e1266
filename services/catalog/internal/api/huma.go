package api

import (
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datasync-dev/datasync/pkg/adminapi"
	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

// installProblems makes huma's own errors Problems too. Huma only knows a program-wide setting for that.
var installProblems = sync.OnceFunc(func() {
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return humaProblem(status, message, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		p := humaProblem(status, message, errs)
		p.RequestID = requestID(ctx.Context())
		return p
	}
})

// humaProblem translates what huma finds wrong before an operation is reached.
func humaProblem(status int, message string, errs []error) *Problem {
	switch status {
	case http.StatusUnprocessableEntity:
		return invalidRequest(errs)
	case http.StatusBadRequest:
		if message == "request body is required" {
			return newProblem(CodeMalformedJSON, "The body is empty; send a JSON object.")
		}
		return newProblem(CodeMalformedJSON, "The body is not the JSON that is expected: "+message+".")
	}
	return newProblem(CodeInternal, "")
}

// invalidRequest translates invalid parameters and headers, and the bodies of the operators' API; those about customers
// are not read by huma but by package customers.
func invalidRequest(errs []error) *Problem {
	code, items := CodeValidationFailed, []ProblemItem(nil)
	for _, err := range errs {
		item := ProblemItem{Reason: string(customers.ReasonInvalidValue), Detail: err.Error()}
		if detailer, ok := err.(huma.ErrorDetailer); ok {
			found := adminapi.Located(detailer.ErrorDetail().Location, detailer.ErrorDetail().Message)
			item.Detail, item.Parameter, item.Header = found.Detail, found.Parameter, found.Header
			switch {
			case found.Header != "" && code == CodeValidationFailed:
				code = CodeInvalidHeader
			case found.Parameter != "":
				code = CodeInvalidParameter
			case found.Header == "":
				item.Pointer = &found.Pointer
			}
		}
		items = append(items, item)
	}
	return newProblem(code, "", items...)
}

// security is how operations say which scope they need.
const security = "apiKey"

func needs(scope auth.Scope) []map[string][]string {
	return []map[string][]string{{security: {string(scope)}}}
}

// requireScopes lets a request through when its key has the scopes that the operation needs.
func requireScopes(ctx huma.Context, next func(huma.Context)) {
	principal, _ := auth.From(ctx.Context())
	for _, requirement := range ctx.Operation().Security {
		for _, scope := range requirement[security] {
			if !principal.Can(auth.Scope(scope)) {
				ctx.SetHeader("WWW-Authenticate", `Bearer realm="datasync", error="insufficient_scope", scope="`+scope+`"`)
				refuse(ctx, newProblem(CodeInsufficientScope, "The key lacks the scope "+scope+"; use one that has it."))
				return
			}
		}
	}
	next(ctx)
}
