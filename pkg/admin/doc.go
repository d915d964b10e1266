// Package admin is the operators' API, /admin/v1: its shapes, and a client. The catalog and every connector serve the
// parts of it that concern them; the console and the command line use nothing else. Times are UTC, durations are in
// the unit that their name ends with.
package admin

import (
	"cmp"
	"time"
)

// List is one page, newest first unless said otherwise. NextCursor is "" on the last page.
type List[T any] struct {
	Object     string `json:"object"      doc:"always list"`
	Data       []T    `json:"data"`
	HasMore    bool   `json:"has_more"`
	NextCursor string `json:"next_cursor" doc:"give it as cursor to get the next page; empty on the last one"`
}

// Page asks for a part of a list.
type Page struct {
	Cursor string
	Limit  int // 1 to 200; 0: 50
}

// Problem is the body of every error, application/problem+json (RFC 9457).
type Problem struct {
	Type      string          `json:"type,omitempty"`
	Title     string          `json:"title"`
	Status    int             `json:"status"`
	Detail    string          `json:"detail,omitempty"`
	Code      string          `json:"code"`
	RequestID string          `json:"request_id,omitempty"`
	Errors    []ProblemDetail `json:"errors,omitempty"`
}

// ProblemDetail is one thing that is wrong with a request. One of Pointer, Parameter and Header says where.
type ProblemDetail struct {
	Pointer   string `json:"pointer,omitempty"   doc:"JSON pointer into the body"`
	Parameter string `json:"parameter,omitempty" doc:"name of a parameter"`
	Header    string `json:"header,omitempty"    doc:"name of a header"`
	Reason    string `json:"reason"              doc:"stable name of the reason, for programs"`
	Detail    string `json:"detail"`
}

// Where says which part of the request is wrong.
func (d ProblemDetail) Where() string { return cmp.Or(d.Pointer, d.Parameter, d.Header) }

// Window is a span of time; a zero end means now.
type Window struct {
	Since time.Time
	Until time.Time
}
