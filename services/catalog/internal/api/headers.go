package api

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
	"github.com/datasync-dev/datasync/services/catalog/internal/idempotency"
)

// etag is the strong ETag of a customer at a version.
func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// ifMatch returns the guard of a write with this If-Match header; nil without one.
func ifMatch(header string) (customers.Guard, error) {
	if header == "" {
		return nil, nil //nolint:nilnil // no header, no guard
	}
	tags, ok := entityTags(header)
	if !ok {
		return nil, newProblem(CodeInvalidHeader, "", ProblemItem{
			Header: "If-Match", Reason: string(customers.ReasonInvalidValue),
			Detail: `Must be the ETag of an answer, with its quotes, like "3", or *.`,
		})
	}
	return func(c customers.Customer) error {
		if slices.Contains(tags, "*") || slices.Contains(tags, etag(c.Version)) {
			return nil
		}
		return &customers.VersionMismatch{Current: c.Version}
	}, nil
}

// noneMatch reports whether the If-None-Match header names this version: the client has it already.
func noneMatch(header string, version int64) bool {
	tags, ok := entityTags(header)
	if !ok {
		return false
	}
	weak := "W/" + etag(version) // compared weakly, since proxies that compress make tags weak
	return slices.Contains(tags, "*") || slices.Contains(tags, etag(version)) || slices.Contains(tags, weak)
}

// entityTags splits a list of entity tags; false when it is none. Our tags hold no commas.
func entityTags(header string) ([]string, bool) {
	var tags []string
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimSpace(tag)
		opaque := strings.TrimPrefix(tag, "W/")
		if tag != "*" && (len(opaque) < 2 || opaque[0] != '"' || opaque[len(opaque)-1] != '"') {
			return nil, false
		}
		tags = append(tags, tag)
	}
	return tags, true
}

const maxWait = 30 * time.Second

// preferWait returns how long the client prefers to wait (RFC 7240); 0 when it does not say. A preference that makes
// no sense is ignored, as the RFC wants it; a longer one is cut to the longest.
func preferWait(header string) time.Duration {
	for preference := range strings.SplitSeq(header, ",") {
		preference, _, _ = strings.Cut(preference, ";")
		name, value, _ := strings.Cut(preference, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "wait") {
			continue
		}
		seconds, err := strconv.Atoi(strings.Trim(strings.TrimSpace(value), `"`))
		if err != nil || seconds < 1 {
			return 0
		}
		return min(time.Duration(seconds)*time.Second, maxWait)
	}
	return 0
}

func checkIdempotencyKey(key string) error {
	for _, r := range key {
		if r < ' ' || r > '~' || len(key) > idempotency.MaxKey {
			return newProblem(CodeInvalidHeader, "", ProblemItem{
				Header: "Idempotency-Key", Reason: string(customers.ReasonInvalidValue),
				Detail: "Must be at most 255 printable ASCII characters; a UUID is a good choice.",
			})
		}
	}
	return nil
}
