package api

import (
	"encoding/json"
	"net/http"

	"github.com/gin-gonic/gin"
)

const problemContentType = "application/problem+json"

// Problem is the body of every error (RFC 9457). It is the error that handlers return.
type Problem struct {
	Type      string        `json:"type" doc:"URI that names the kind of problem" example:"urn:datasync:problem:validation_failed"`
	Title     string        `json:"title" doc:"What the code means, in words" example:"The customer is not valid"`
	Status    int           `json:"status" doc:"HTTP status" example:"422"`
	Detail    string        `json:"detail" doc:"What happened this time, and what to do about it" example:"Correct the fields that errors lists."`
	Code      Code          `json:"code" doc:"Stable name of the problem, for programs" example:"validation_failed"`
	RequestID string        `json:"request_id" doc:"Also in the header X-Request-Id and in the catalog's log" example:"0199c2a4-7d1c-7a3e-9f6e-2a5f0c9d8b71"`
	Errors    []ProblemItem `json:"errors,omitempty" nullable:"false" doc:"Everything that is wrong with the input"`

	headers http.Header
}

// ProblemItem is one thing wrong with the input. One of pointer, parameter, header and column says where.
type ProblemItem struct {
	Pointer   *string `json:"pointer,omitempty" doc:"JSON pointer (RFC 6901) into the body" example:"/address/country"`
	Parameter string  `json:"parameter,omitempty" doc:"Name of a query parameter" example:"limit"`
	Header    string  `json:"header,omitempty" doc:"Name of a header" example:"If-Match"`
	Column    string  `json:"column,omitempty" doc:"Name of a column of an uploaded file" example:"E-Mail"`
	Reason    string  `json:"reason" doc:"Stable name of the reason, for programs" example:"invalid_value"`
	Detail    string  `json:"detail" doc:"What is wrong and what to do" example:"Must be a two-letter country code (ISO 3166-1 alpha-2), like DE."`
}

// newProblem returns the problem of a code; detail "" takes the code's advice.
func newProblem(code Code, detail string, items ...ProblemItem) *Problem {
	info := code.info()
	if detail == "" {
		detail = info.Fix
	}
	return &Problem{
		Type: "urn:datasync:problem:" + string(code), Title: info.Title, Status: info.Status,
		Detail: detail, Code: code, Errors: items, headers: http.Header{},
	}
}

// with adds a header to the answer.
func (p *Problem) with(name, value string) *Problem {
	p.headers.Set(name, value)
	return p
}

// Error implements error.
func (p *Problem) Error() string { return string(p.Code) + ": " + p.Detail }

// GetStatus tells huma the status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders tells huma the headers.
func (p *Problem) GetHeaders() http.Header { return p.headers }

// ContentType tells huma the content type.
func (p *Problem) ContentType(string) string { return problemContentType }

// abort answers a request that does not reach an operation.
func abort(c *gin.Context, p *Problem) {
	p.RequestID = requestID(c.Request.Context())
	body, err := json.Marshal(p)
	if err != nil {
		c.AbortWithStatus(http.StatusInternalServerError)
		return
	}
	for name := range p.headers {
		c.Header(name, p.headers.Get(name))
	}
	c.Abort()
	c.Data(p.Status, problemContentType, body)
}
