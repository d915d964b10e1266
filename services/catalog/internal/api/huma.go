package api

import (
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

// installProblems makes huma's own errors Problems too. Huma only knows a program-wide setting for that.
var installProblems = sync.OnceFunc(func() {
	huma.NewError = func(status int, _ string, errs ...error) huma.StatusError {
		return humaProblem(status, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, _ string, errs ...error) huma.StatusError {
		p := humaProblem(status, errs)
		p.RequestID = requestID(ctx.Context())
		return p
	}
})

// humaProblem translates what huma finds wrong before an operation is reached.
func humaProblem(status int, errs []error) *Problem {
	switch status {
	case http.StatusUnprocessableEntity:
		return invalidRequest(errs)
	case http.StatusBadRequest:
		return newProblem(CodeMalformedJSON, "The body is empty; send a JSON object.")
	}
	return newProblem(CodeInternal, "")
}

// invalidRequest translates invalid parameters and headers. Bodies are not read by huma but by package customers.
func invalidRequest(errs []error) *Problem {
	code, items := CodeInvalidHeader, []ProblemItem(nil)
	for _, err := range errs {
		item := ProblemItem{Reason: string(customers.ReasonInvalidValue), Detail: err.Error()}
		if detailer, ok := err.(huma.ErrorDetailer); ok {
			detail := detailer.ErrorDetail()
			place, name, _ := strings.Cut(detail.Location, ".")
			item.Detail = capitalised(detail.Message)
			if place == "header" {
				item.Header = name
			} else {
				code, item.Parameter = CodeInvalidParameter, name
			}
		}
		items = append(items, item)
	}
	return newProblem(code, "", items...)
}

func capitalised(sentence string) string {
	if sentence == "" {
		return sentence
	}
	return strings.ToUpper(sentence[:1]) + sentence[1:] + "."
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
