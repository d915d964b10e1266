package dashboard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/account"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/apierror"
)

// eventRow is an event as a list shows it.
type eventRow struct {
	ID, Type, Object, Customer, Changed, Request, At, Ago string
	Delivery                                              badge
}

// badge is a state as icon, word and colour.
type badge struct{ Look, Icon, Text string }

type eventsPage struct {
	frame
	Events    []eventRow
	Endpoints []*account.Endpoint
	Counts    account.Counts
	Older     string
}

type eventPage struct {
	frame
	Event      eventRow
	Deliveries []account.Delivery
	JSON       string
}

func (d *Dashboard) events(r *http.Request) (view, error) {
	within := account.Range{Limit: perPage}
	if after := r.URL.Query().Get("after"); after != "" {
		within.After, _ = d.Side.EventPosition(after) // an unknown one shows the first page
	}
	p := eventsPage{
		frame: d.frame(r, "events", "Events"), Events: d.eventRows(account.EventFilter{}, within), Counts: d.Side.Counts(),
		Endpoints: d.Side.Endpoints(account.Range{Limit: perPage}).Data,
	}
	if len(p.Events) == perPage {
		p.Older = p.Events[perPage-1].ID
	}
	return view{template: "events.html", data: p}, nil
}

func (d *Dashboard) event(r *http.Request) (view, error) {
	e, ok := d.Side.Event(r.PathValue("id"))
	if !ok {
		return view{}, apierror.Missing("event", r.PathValue("id"))
	}
	raw, err := json.Marshal(e)
	if err != nil {
		return view{}, fmt.Errorf("render event: %w", err)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, raw, "", "  "); err != nil {
		return view{}, fmt.Errorf("indent event: %w", err)
	}
	return view{template: "event.html", data: eventPage{
		frame: d.frame(r, "events", e.Type), Event: d.eventRow(e), Deliveries: d.Side.Deliveries(e.ID), JSON: pretty.String(),
	}}, nil
}

func (d *Dashboard) resend(r *http.Request) (view, error) {
	id := r.PathValue("id")
	if _, ok := d.Side.Resend(id); !ok {
		return view{}, apierror.Missing("event", id)
	}
	return view{redirect: "/events/" + id + "?done=sent"}, nil
}

// enable serves an endpoint again that was disabled.
func (d *Dashboard) enable(r *http.Request) (view, error) {
	disabled := false
	_, err := d.Side.UpdateEndpoint(r.PathValue("id"), account.EndpointEdit{Disabled: &disabled})
	return view{redirect: "/events?done=enabled"}, err
}

func (d *Dashboard) eventRows(f account.EventFilter, within account.Range) []eventRow {
	found := d.Side.Events(f, within)
	rows := make([]eventRow, len(found.Data))
	for i, e := range found.Data {
		rows[i] = d.eventRow(e)
	}
	return rows
}

func (d *Dashboard) eventRow(e *account.Event) eventRow {
	var object struct{ ID, Object, Customer string }
	_ = json.Unmarshal(e.Data.Object, &object) // an event about something odd is shown without an id
	row := eventRow{
		ID: e.ID, Type: e.Type, Object: object.ID, Customer: object.Customer, Request: string(e.Request.ID),
		At: time.Unix(e.Created, 0).UTC().Format(time.RFC3339), Ago: ago(e.Created), Delivery: deliveryBadge(d.Side.Deliveries(e.ID)),
	}
	if object.Object == "customer" {
		row.Customer = object.ID
	}
	previous := map[string]json.RawMessage{}
	if json.Unmarshal(e.Data.PreviousAttributes, &previous) == nil && len(previous) > 0 {
		row.Changed = "changed " + strings.Join(slices.Sorted(maps.Keys(previous)), ", ")
	}
	return row
}

func deliveryBadge(deliveries []account.Delivery) badge {
	attempts, worst := 0, badge{"good", "✓", "delivered"}
	if len(deliveries) == 0 {
		return badge{"", "–", "no endpoint"}
	}
	for _, v := range deliveries {
		attempts += v.Attempts
		switch v.Status {
		case account.Failed:
			return badge{"bad", "✕", "failed"}
		case account.Pending:
			worst = badge{"busy", "…", "pending"}
		}
	}
	if worst.Look == "busy" && attempts > 0 {
		worst.Text = fmt.Sprintf("pending, tried %d×", attempts)
	}
	return worst
}
