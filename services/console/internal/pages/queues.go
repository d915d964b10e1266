package pages

import (
	"context"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/ui"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

const lettersShown = 50

type queuesPage struct {
	Queues  []queueRow
	State   string
	Tabs    []tab
	Letters []letterRow
	Next    string
	Silent  string           // services that did not tell of their dead letters
	Waiting map[string]int64 // by service
}

type queueRow struct {
	admin.Queue
	Service string
	Badge   ui.Badge
}

type letterRow struct {
	admin.DeadLetter
	Service, URL string
	Badge        ui.Badge
}

func (s *Site) queues(ctx context.Context, c *call) (any, error) {
	query := c.URL.Query()
	p := queuesPage{State: "waiting", Waiting: map[string]int64{}}
	if query.Has("state") {
		p.State = query.Get("state")
	}
	for _, t := range [][2]string{{"waiting", "Waiting"}, {"replayed", "Replayed"}, {"discarded", "Discarded"}} {
		p.Tabs = append(p.Tabs, tab{t[1], link("/dashboard/queues", "state", t[0]), t[0] == p.State})
	}
	answers := upstream.ReadAll(ctx, s.Fleet.All(), "queues", upstream.Fresh, func(ctx context.Context, a *admin.Client) ([]admin.Queue, error) { return a.Queues(ctx) })
	for _, a := range answers {
		if a.Err != nil {
			c.missing(a.Service, a.Err)
		}
		for _, q := range a.Value {
			row := queueRow{q, a.Service.Name, ui.BadgeOf("expected")}
			if !q.Expected {
				row.Badge = ui.Badge{Look: "bad", Icon: "warn", Text: "not as expected"}
			}
			p.Queues = append(p.Queues, row)
		}
	}
	for _, a := range s.statuses(ctx, c) {
		if n := dead([]upstream.Answer[admin.Status]{a}); n > 0 {
			p.Waiting[a.Service.Name] = n
		}
	}
	return p, s.letters(ctx, c, &p)
}

func (s *Site) letters(ctx context.Context, c *call, p *queuesPage) error {
	var sources []upstream.Source[letterRow]
	for _, service := range s.Fleet.All() {
		sources = append(sources, upstream.Source[letterRow]{Name: service.Name, Page: func(ctx context.Context, cursor string, limit int) (admin.List[letterRow], error) {
			list, err := upstream.Read(ctx, service, "letters "+p.State+" "+cursor, upstream.Fresh, func(ctx context.Context, a *admin.Client) (admin.List[admin.DeadLetter], error) {
				return a.DeadLetters(ctx, p.State, admin.Page{Cursor: cursor, Limit: limit})
			})
			return rows(list, func(d admin.DeadLetter) letterRow {
				return letterRow{d, service.Name, letterURL(service.Name, d.ID), ui.BadgeOf(d.State)}
			}), err
		}})
	}
	merged, err := upstream.Merge(ctx, sources, c.URL.Query().Get("cursor"), lettersShown, func(a, b letterRow) bool { return a.At.After(b.At) })
	if err != nil {
		return err
	}
	p.Silent = s.failed(c, merged.Failed)
	p.Letters = merged.Items
	if merged.Next != "" {
		p.Next = link("/dashboard/queues", "state", p.State, "cursor", merged.Next)
	}
	return nil
}

// rows turns a page of what a service lists into a page of what is shown.
func rows[A, B any](list admin.List[A], row func(A) B) admin.List[B] {
	shown := admin.List[B]{HasMore: list.HasMore, NextCursor: list.NextCursor}
	for _, one := range list.Data {
		shown.Data = append(shown.Data, row(one))
	}
	return shown
}

func letterURL(service, id string) string { return "/dashboard/queues/" + service + "/letters/" + id }

// Title implements the naming of pages.
func (letterRow) Title() string { return "Dead letter" }

func (s *Site) letter(ctx context.Context, c *call) (any, error) {
	service, ok := s.Fleet.Find(c.PathValue("service"))
	if !ok {
		return nil, errNotFound
	}
	id := c.PathValue("id")
	found, err := upstream.Read(ctx, service, "letter "+id, upstream.Fresh, func(ctx context.Context, a *admin.Client) (admin.DeadLetter, error) {
		return a.DeadLetter(ctx, id)
	})
	if lost(err) {
		return nil, errNotFound
	}
	if !c.sees() {
		found.Body = ""
	}
	return letterRow{found, service.Name, letterURL(service.Name, id), ui.BadgeOf(found.State)}, err
}

// replayPage asks before the dead letters of a service are sent again.
type replayPage struct {
	Service string
	Count   int64
}

func (s *Site) replayForm(ctx context.Context, c *call) (any, error) {
	for _, a := range s.statuses(ctx, c) {
		if a.Service.Name == c.PathValue("service") {
			return replayPage{a.Service.Name, dead([]upstream.Answer[admin.Status]{a})}, a.Err
		}
	}
	return nil, errNotFound
}

func (s *Site) replay(ctx context.Context, c *call) (outcome, error) {
	service, ok := s.Fleet.Find(c.PathValue("service"))
	if !ok {
		return outcome{}, errNotFound
	}
	request := admin.ReplayRequest{All: true}
	if id := c.PostForm.Get("id"); id != "" {
		request = admin.ReplayRequest{IDs: []string{id}}
	}
	var err error
	if request.Rate, err = rate(c); err != nil {
		return outcome{}, err
	}
	job, err := c.client(service).Replay(ctx, request)
	if err != nil {
		return outcome{}, err
	}
	return outcome{Say: "They go back to the queue they came from.", Go: jobURL(service.Name, job.ID)}, nil
}

func (s *Site) discard(ctx context.Context, c *call) (outcome, error) {
	service, ok := s.Fleet.Find(c.PathValue("service"))
	if !ok {
		return outcome{}, errNotFound
	}
	reason := c.PostForm.Get("reason")
	if reason == "" {
		return outcome{}, mistake("Why? The reason is kept with the message and in the audit.")
	}
	if _, err := c.client(service).Discard(ctx, c.PathValue("id"), reason); err != nil {
		return outcome{}, err
	}
	return outcome{Say: "Discarded. It is kept, with your reason.", Go: "/dashboard/queues"}, nil
}
