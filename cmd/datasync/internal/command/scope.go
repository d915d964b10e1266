package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
)

// scope is the flag that says which services a command is about.
type scope struct{ service string }

func (s *scope) flag(cmd *cobra.Command, usage string) {
	cmd.Flags().StringVar(&s.service, "service", "", usage)
}

const allServices = "only this `service`: catalog, or the name of a connector"

// connectorFlag is for commands that only connectors can do.
func (s *scope) connectorFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.service, "connector", "", "`name` of the connector, if there are several")
}

// from is something of one service. In JSON the service's name is one member more.
type from[T any] struct {
	Service string
	Item    T
}

// MarshalJSON implements json.Marshaler.
func (f from[T]) MarshalJSON() ([]byte, error) {
	item, err := json.Marshal(f.Item)
	if err != nil {
		return nil, fmt.Errorf("encode the output: %w", err)
	}
	service, err := json.Marshal(f.Service)
	if err != nil {
		return nil, fmt.Errorf("encode the output: %w", err)
	}
	head := append([]byte(`{"service":`), service...)
	if len(item) > len("{}") {
		head = append(head, ',')
	}
	return append(head, item[1:]...), nil
}

// of makes columns of things into columns of things of services.
func of[T any](columns ...output.Column[T]) []output.Column[from[T]] {
	all := []output.Column[from[T]]{output.Of("service", func(f from[T]) string { return f.Service })}
	for _, c := range columns {
		all = append(all, output.Column[from[T]]{Name: c.Name, State: c.State, Value: func(f from[T]) string { return c.Value(f.Item) }})
	}
	return all
}

// gather lists what several services have. One that does not answer does not hide the others: its failure is told at
// the end.
func gather[T any](ctx context.Context, services []connect.Service, limit int, list *output.List[from[T]], p *output.Printer,
	read func(service connect.Service, cursor string, limit int) (page[T], error),
) error {
	var failures []error
	more := false
	for _, service := range services {
		again, err := pages(limit, func(cursor string, limit int) (page[T], error) {
			return read(service, cursor, limit)
		}, func(items ...T) error {
			for _, item := range items {
				if err := list.Add(from[T]{service.Name, item}); err != nil {
					return err
				}
			}
			return nil
		})
		more = more || again
		if err != nil {
			failures = append(failures, of1(service, len(services), err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return end(p, list, more, joined(failures, list.Count(), list.Close))
}

// of1 says which service an error is of, where there are several and it does not say so itself.
func of1(service connect.Service, services int, err error) error {
	ending, ok := errors.AsType[*exit.Error](exit.Explain(err))
	if services == 1 || ok && strings.Contains(ending.What, service.Name) {
		return err
	}
	return exit.Wrap(exit.CodeOf(err), err, service.Name+": "+exit.Explain(err).Error(), "")
}

// joined ends a list with failures: what was found is shown, and then what was not.
func joined(failures []error, found int, show func() error) error {
	if len(failures) == 0 {
		return nil
	}
	if found > 0 {
		failures = append(failures, show())
	}
	return errors.Join(failures...)
}

// all makes a page of a list that comes whole.
func all[T any](items []T, err error) (page[T], error) { return page[T]{Data: items}, err }

// first finds the service that has something: each is asked until one does not answer that there is no such thing.
func first[T any](services []connect.Service, get func(connect.Service) (T, error)) (found T, of connect.Service, err error) {
	for _, service := range services {
		found, err = get(service)
		if err == nil {
			return found, service, nil
		}
		if exit.CodeOf(err) != exit.NotFound {
			return found, service, of1(service, len(services), err)
		}
	}
	return found, of, err
}
