package inbound

import (
	"errors"
	"fmt"
	"strings"

	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

// Policies say which side keeps a field that both changed without knowing of each other.
type Policies struct {
	fallback record.Policy
	fields   map[string]record.Policy // canonical path, or a group of them: "address", "metadata"
}

// ParsePolicies reads the policy for all fields and the exceptions, written like "email=catalog,address=remote". The
// error names everything that is wrong with them.
func ParsePolicies(fallback, exceptions string) (Policies, error) {
	p := Policies{fallback: record.Policy(fallback), fields: map[string]record.Policy{}}
	problems := []error{checkPolicy(p.fallback)}
	for exception := range strings.SplitSeq(exceptions, ",") {
		exception = strings.TrimSpace(exception)
		if exception == "" {
			continue
		}
		field, policy, ok := strings.Cut(exception, "=")
		field, policy = strings.TrimSpace(field), strings.TrimSpace(policy)
		switch {
		case !ok:
			problems = append(problems, fmt.Errorf("%q is not written like email=catalog", exception))
			continue
		case !isGroup(field) && !customers.KnownField(field):
			problems = append(problems, fmt.Errorf("customers have no field %q; write it like email or address.city", field))
		}
		problems = append(problems, checkPolicy(record.Policy(policy)))
		p.fields[field] = record.Policy(policy)
	}
	return p, errors.Join(problems...)
}

// For returns the policy of a field: its own, its group's, or the one for all.
func (p Policies) For(field string) record.Policy {
	for name := field; ; {
		if policy, ok := p.fields[name]; ok {
			return policy
		}
		cut := strings.LastIndexByte(name, '.')
		if cut < 0 {
			return p.fallback
		}
		name = name[:cut]
	}
}

func isGroup(field string) bool {
	switch field {
	case "address", "shipping", "shipping.address", "metadata":
		return true
	}
	return false
}

func checkPolicy(policy record.Policy) error {
	switch policy {
	case record.PolicyCatalog, record.PolicyRemote, record.PolicyNewest, record.PolicyManual:
		return nil
	}
	return fmt.Errorf("there is no conflict policy %q; use catalog, remote, newest or manual", policy)
}
