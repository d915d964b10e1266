package openid

import (
	"errors"
	"strings"
	"unicode"
)

// Why somebody could not log in. The errors that Begin and Finish return are one of these and say more for the log:
// never a token, and nothing about the person.
var (
	ErrAway       = errors.New("the provider does not answer as it should")
	ErrLost       = errors.New("the log-in was not begun in this browser, or too long ago")
	ErrDenied     = errors.New("the provider denied access")
	ErrRefused    = errors.New("the provider refused the console's request")
	ErrUnproven   = errors.New("what the provider said cannot be trusted")
	ErrUnverified = errors.New("the e-mail address is not verified")
	ErrNoRole     = errors.New("nothing that the provider said gives a role")
)

// maxBrief is how much of what somebody else wrote gets into the log.
const maxBrief = 200

// brief is err in one line of bearable length: the libraries' errors hold all of a page that the provider answered.
func brief(err error) error { return errors.New(plain(err.Error(), maxBrief)) }

// plain is the beginning of text without what cannot be printed.
func plain(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, text)
	return strings.TrimSpace(strings.ToValidUTF8(text[:min(len(text), most)], ""))
}
