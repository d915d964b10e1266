// Package exit says how the program ends: an exit code, and one sentence that tells what is wrong and how to fix it.
package exit

import (
	"errors"
	"strings"
)

// Code is an exit code.
type Code int

// The codes. Codes says what each means.
const (
	OK          Code = 0
	Failed      Code = 1
	Usage       Code = 2
	Differences Code = 3
	Partial     Code = 4
	NotFound    Code = 5
	Auth        Code = 6
	Conflict    Code = 7
	Timeout     Code = 8
)

// Info describes a code for the reference.
type Info struct {
	Code    Code
	Meaning string
}

// Codes returns every code that the program ends with.
func Codes() []Info {
	return []Info{
		{OK, "done; what was asked for is true"},
		{Failed, "it could not be done; the message says why"},
		{Usage, "the command line is wrong; nothing was done"},
		{Differences, "differences were found (reconcile, migrate --check)"},
		{Partial, "a part was done; the same command goes on, or the message says what to do with the rest"},
		{NotFound, "there is no such thing"},
		{Auth, "the API key is missing, wrong, expired, or may not do this"},
		{Conflict, "what it was about changed in the meantime; nothing was overwritten"},
		{Timeout, "it did not happen in time; it may still happen"},
	}
}

// Error ends the program with a code. Fix is what to do about it, in the imperative; it may be empty.
type Error struct {
	Code Code
	What string
	Fix  string
	Err  error // the cause, if there is one; its text is only shown as far as What repeats it
}

// Error implements error.
func (e *Error) Error() string {
	what := strings.TrimRight(e.What, ".")
	if e.Fix == "" {
		return what
	}
	if strings.HasPrefix(e.Fix, "datasync ") || strings.HasPrefix(e.Fix, "-") { // a command or a flag is written as it is
		return what + ". " + e.Fix
	}
	return what + ". " + strings.ToUpper(e.Fix[:1]) + e.Fix[1:]
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// New returns an error that ends the program with a code.
func New(code Code, what, fix string) *Error { return &Error{Code: code, What: what, Fix: fix} }

// Wrap puts what and fix in the place of a cause's own words.
func Wrap(code Code, err error, what, fix string) *Error {
	return &Error{Code: code, What: what, Fix: fix, Err: err}
}

// CodeOf returns the exit code of an error; nil is OK.
func CodeOf(err error) Code {
	if err == nil {
		return OK
	}
	if ending, ok := errors.AsType[*Error](Explain(err)); ok {
		return ending.Code
	}
	return Failed
}
