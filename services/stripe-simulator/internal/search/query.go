// Package search understands the part of Stripe's search query language that finds customers: email:'x', name:'x',
// phone:'x', created>1700000000, metadata['key']:'value', ~ for a part of a text, - for not, joined by AND or by OR.
package search

import (
	"strconv"
	"strings"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/account"
)

// Query is a parsed query. The zero Query matches nothing.
type Query struct {
	clauses []clause
	any     bool // clauses are joined by OR
}

type clause struct {
	not   bool
	field string
	key   string // of metadata
	op    string // : ~ > >= < <=
	value string
}

// Match tells whether a customer is found by the query.
func (q Query) Match(c *account.Customer) bool {
	for _, cl := range q.clauses {
		if cl.match(c) == q.any {
			return q.any
		}
	}
	return len(q.clauses) > 0 && !q.any
}

func (cl clause) match(c *account.Customer) bool {
	if cl.field == "created" {
		return cl.compare(c.Created) != cl.not
	}
	text, present := cl.text(c)
	want := cl.value
	var found bool
	switch {
	case want == "null":
		found = !present
	case cl.op == "~":
		found = strings.Contains(strings.ToLower(text), strings.ToLower(unquote(want)))
	default:
		found = present && strings.EqualFold(text, unquote(want))
	}
	return found != cl.not
}

func (cl clause) text(c *account.Customer) (string, bool) {
	switch cl.field {
	case "email":
		return string(c.Email), c.Email != ""
	case "name":
		return string(c.Name), c.Name != ""
	case "phone":
		return string(c.Phone), c.Phone != ""
	}
	value, present := c.Metadata[cl.key]
	return value, present
}

func (cl clause) compare(created int64) bool {
	want, _ := strconv.ParseInt(unquote(cl.value), 10, 64) // checked when parsed
	switch cl.op {
	case ">":
		return created > want
	case ">=":
		return created >= want
	case "<":
		return created < want
	case "<=":
		return created <= want
	}
	return created == want
}

func unquote(s string) string {
	if len(s) < 2 {
		return s
	}
	var b strings.Builder
	for i := 1; i < len(s)-1; i++ {
		if s[i] == '\\' && i+1 < len(s)-1 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
