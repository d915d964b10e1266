package search

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

var errMixed = errors.New("AND and OR cannot be mixed in one query")

const maxClauses = 10

// Parse reads a query. Its errors are sentences for the person who wrote it.
func Parse(query string) (Query, error) {
	p := parser{rest: strings.TrimSpace(query)}
	if p.rest == "" {
		return Query{}, errors.New("the query is empty")
	}
	var q Query
	joined := ""
	for {
		cl, err := p.clause()
		if err != nil {
			return Query{}, err
		}
		if q.clauses = append(q.clauses, cl); len(q.clauses) > maxClauses {
			return Query{}, fmt.Errorf("a query can have up to %d clauses", maxClauses)
		}
		if p.rest == "" {
			q.any = joined == "OR"
			return q, nil
		}
		word := p.joiner()
		if joined != "" && joined != word {
			return Query{}, errMixed
		}
		joined = word
	}
}

type parser struct{ rest string }

// joiner takes AND or OR; a mere space means AND.
func (p *parser) joiner() string {
	for _, word := range []string{"AND", "OR"} {
		if len(p.rest) > len(word) && strings.EqualFold(p.rest[:len(word)], word) && p.rest[len(word)] == ' ' {
			p.skip(len(word))
			return word
		}
	}
	return "AND"
}

func (p *parser) skip(n int) { p.rest = strings.TrimLeft(p.rest[n:], " \t\n") }

func (p *parser) clause() (clause, error) {
	var cl clause
	if strings.HasPrefix(p.rest, "-") {
		cl.not = true
		p.skip(1)
	}
	n := 0
	for n < len(p.rest) && (p.rest[n] == '_' || p.rest[n] >= 'a' && p.rest[n] <= 'z') {
		n++
	}
	cl.field = p.rest[:n]
	p.skip(n)
	if !slices.Contains([]string{"email", "name", "phone", "created", "metadata"}, cl.field) {
		return cl, fmt.Errorf("field %q is not searchable", cl.field)
	}
	if cl.field == "metadata" {
		key, err := p.key()
		if err != nil {
			return cl, err
		}
		cl.key = key
	}
	return p.operand(cl)
}

func (p *parser) key() (string, error) {
	if !strings.HasPrefix(p.rest, "[") {
		return "", errors.New("metadata must be followed by a key: metadata['key']")
	}
	p.skip(1)
	key, err := p.quoted()
	if err != nil {
		return "", err
	}
	if !strings.HasPrefix(p.rest, "]") {
		return "", errors.New("the metadata key is not closed by ]")
	}
	p.skip(1)
	return unquote(key), nil
}

func (p *parser) operand(cl clause) (clause, error) {
	for _, op := range []string{">=", "<=", ">", "<", "~", ":"} {
		if strings.HasPrefix(p.rest, op) {
			cl.op = op
			p.skip(len(op))
			break
		}
	}
	numeric := cl.field == "created"
	if allowed := cl.op == ":" || cl.op == "~" && !numeric || cl.op != "" && cl.op != "~" && numeric; !allowed {
		return cl, fmt.Errorf("operator %q cannot be used with %s", cl.op, cl.field)
	}
	var err error
	cl.value, err = p.value()
	if err == nil && numeric {
		if _, e := strconv.ParseInt(strings.Trim(cl.value, `'"`), 10, 64); e != nil {
			err = fmt.Errorf("%s must be compared with a number", cl.field)
		}
	}
	return cl, err
}

// value takes a quoted text (quotes kept), a number or null.
func (p *parser) value() (string, error) {
	if strings.HasPrefix(p.rest, "'") || strings.HasPrefix(p.rest, `"`) {
		return p.quoted()
	}
	word, _, _ := strings.Cut(p.rest, " ")
	p.skip(len(word))
	if word == "null" {
		return word, nil
	}
	if _, err := strconv.ParseInt(word, 10, 64); err != nil {
		return "", errors.New("texts must stand in quotes")
	}
	return "'" + word + "'", nil
}

func (p *parser) quoted() (string, error) {
	if p.rest == "" || p.rest[0] != '\'' && p.rest[0] != '"' {
		return "", errors.New("texts must stand in quotes")
	}
	for i := 1; i < len(p.rest); i++ {
		switch p.rest[i] {
		case '\\':
			i++
		case p.rest[0]:
			text := p.rest[:i+1]
			p.skip(i + 1)
			return text, nil
		}
	}
	return "", errors.New("a quote is not closed")
}
