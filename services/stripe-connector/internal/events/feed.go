package events

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/stripeclient"
)

const (
	pageSize = 100                 // the most that Stripe gives
	kept     = 31 * 24 * time.Hour // no event is older
	// settled is the age from which no older event turns up any more: events that are younger are looked at again.
	settled = time.Minute
	// since begins the position of a feed that had no event yet: a time of Stripe's, in seconds, instead of an event.
	since     = "since:"
	beginning = since + "0" // all that will ever be in it is news
	goOn      = "+"
)

// Feed is Stripe's list of events, which reaches back for 30 days. It implements connector.Feed; a position is the id
// of an event, or where to go on from it: "<position>+<id of the last event read>".
type Feed struct {
	client *stripeclient.Client
	reader Reader
}

// NewFeed returns the feed of the account that the client reaches.
func NewFeed(client *stripeclient.Client, reader Reader) *Feed { return &Feed{client, reader} }

// Since implements connector.Feed.
func (f *Feed) Since(ctx context.Context, position string) (connector.FeedPage, error) {
	if position == "" {
		return f.now(ctx)
	}
	position, from := split(position)
	if at, ok := strings.CutPrefix(from, since); ok {
		from, err := strconv.ParseInt(at, 10, 64)
		if err != nil {
			return connector.FeedPage{}, fmt.Errorf("%w: position %q is none", connector.ErrForgotten, position)
		}
		return f.first(ctx, from, position)
	}
	params := &stripe.EventListParams{}
	params.EndingBefore = new(from)
	events, at, more, err := f.list(ctx, params)
	if errors.Is(err, stripeclient.ErrNoCursor) {
		return connector.FeedPage{}, connector.ErrForgotten
	}
	if err != nil {
		return connector.FeedPage{}, err
	}
	page := f.page(events, at, position) // the library turns a list that is read towards its beginning around
	if more && len(events) > 0 {
		page.Next = page.Position + goOn + events[len(events)-1].ID
	}
	return page, nil
}

// split takes apart where to begin the next time, and the event to go on from now.
func split(position string) (settled, from string) {
	settled, from, going := strings.Cut(position, goOn)
	if !going {
		from = settled
	}
	return settled, from
}

// now is the newest event, or the beginning when there is none.
func (f *Feed) now(ctx context.Context) (connector.FeedPage, error) {
	params := &stripe.EventListParams{}
	params.Limit = new(int64(1))
	events, _, _, err := f.list(ctx, params)
	if err != nil {
		return connector.FeedPage{}, err
	}
	if len(events) > 0 {
		return connector.FeedPage{Position: events[0].ID}, nil
	}
	return connector.FeedPage{Position: beginning}, nil
}

// first is the beginning of a feed that had no event at the given time. A list by time can only be read from its newest
// end, and this one may be long; so the second is looked for in which it begins, and only that is read.
func (f *Feed) first(ctx context.Context, from int64, position string) (connector.FeedPage, error) {
	all, at, more, err := f.between(ctx, span{from: from}, pageSize)
	if err != nil {
		return connector.FeedPage{}, err
	}
	if !more || len(all) == 0 {
		slices.Reverse(all) // the list is newest first
		return f.page(all, at, position), nil
	}
	all, err = f.oldest(ctx, span{from: max(from, at.Add(-kept).Unix()), to: all[len(all)-1].Created})
	if err != nil || len(all) == 0 {
		return connector.FeedPage{Position: position}, err
	}
	page := f.page(all, at, position)
	page.Next = page.Position + goOn + all[len(all)-1].ID
	return page, nil
}

// oldest are the events of the first second of a time in which there are any, the oldest first.
func (f *Feed) oldest(ctx context.Context, in span) (all []Event, err error) {
	for in.from < in.to {
		early := span{from: in.from, to: (in.from + in.to) / 2}
		found, _, _, err := f.between(ctx, early, 1)
		switch {
		case err != nil:
			return nil, err
		case len(found) > 0:
			in.to = found[0].Created
		default:
			in.from = early.to + 1
		}
	}
	for {
		events, _, more, err := f.between(ctx, in, pageSize)
		if err != nil {
			return nil, err
		}
		all = append(all, events...)
		if !more || len(events) == 0 {
			slices.Reverse(all)
			return all, nil
		}
		in.after = events[len(events)-1].ID
	}
}

// span is a time of Stripe's, in seconds, both ends included. after is the event to go on from, towards the past.
type span struct {
	from, to int64 // to 0: until now
	after    string
}

// between lists the events of a time, the newest first.
func (f *Feed) between(ctx context.Context, s span, limit int64) (events []Event, at time.Time, more bool, err error) {
	params := &stripe.EventListParams{CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: s.from, LesserThanOrEqual: s.to}}
	params.Limit = new(limit)
	if s.after != "" {
		params.StartingAfter = new(s.after)
	}
	return f.list(ctx, params)
}

// page turns events, oldest first, that were read at a time of Stripe's into a page of the feed. The next time begins
// after the last event that is settled.
func (f *Feed) page(events []Event, at time.Time, position string) connector.FeedPage {
	page := connector.FeedPage{Position: position}
	horizon := at.Add(-settled).Unix()
	for _, e := range events {
		page.Notices = append(page.Notices, f.reader.Notice(e))
		if e.Created <= horizon {
			page.Position = e.ID
		}
	}
	return page
}

// list also returns what time it is at Stripe: events carry Stripe's time, and our clock may be minutes off.
func (f *Feed) list(ctx context.Context, params *stripe.EventListParams) (events []Event, at time.Time, more bool, err error) {
	params.Single = true
	if params.Limit == nil {
		params.Limit = new(int64(pageSize))
	}
	params.Types = stripe.StringSlice(Types())
	err = f.client.Read(ctx, func(ctx context.Context) error {
		params.Context = ctx
		list := f.client.Events.List(params)
		for list.Next() {
			events = append(events, eventOf(list.Event()))
		}
		if list.Err() != nil {
			return list.Err()
		}
		more = list.Meta().HasMore
		at, err = http.ParseTime(list.EventList().LastResponse.Header.Get("Date"))
		if err != nil {
			at = time.Now()
		}
		return nil
	})
	return events, at, more, err
}

// eventOf is an event of the library's type.
func eventOf(e *stripe.Event) Event {
	out := Event{ID: e.ID, Type: string(e.Type), APIVersion: e.APIVersion, Account: e.Account, Livemode: e.Livemode, Created: e.Created}
	if e.Data != nil {
		// What was read as JSON can be written as JSON.
		previous, _ := json.Marshal(e.Data.PreviousAttributes)
		out.Data, _ = json.Marshal(data{Object: e.Data.Raw, Previous: previous})
	}
	if e.Request != nil {
		out.Request, _ = json.Marshal(e.Request)
	}
	return out
}
