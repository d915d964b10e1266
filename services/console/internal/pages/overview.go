package pages

import (
	"context"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/ui"
)

// needsShown is how much of what needs a person the overview shows; the rest is on its own page.
const needsShown = 5

type overviewPage struct {
	Health  health
	Remotes []remoteState
	Lanes   []lane
	Charts  []figure
	Needs   []need
	Silent  string // services that did not tell what needs a person
	Empty   bool   // there are no customers yet
	API     string // of the catalog, for the first customer
}

// remoteState is a connector in a line.
type remoteState struct {
	Name, URL string
	NoticedAt time.Time
	Gap       string
	Breaker   *admin.Breaker
	Away      bool
}

// need is something that waits for a person.
type need struct {
	Badge           ui.Badge
	What, Why, Fix  string
	Since           time.Time
	URL, Do, Sample string
}

func (s *Site) overview(ctx context.Context, c *call) (any, error) {
	statuses := s.statuses(ctx, c)
	hour := s.hour(ctx, c)
	p := overviewPage{Health: diagnose(statuses), API: s.Fleet.Catalog.URL}
	catalog := statuses[0]
	p.Empty = catalog.Err == nil && catalog.Value.Records.Total == 0
	for _, a := range statuses[1:] {
		state := remoteState{Name: remoteTitle(a.Service.Name), URL: a.Value.RemoteURL, Breaker: a.Value.Breaker, Away: a.Err != nil}
		if a.Value.Feed != nil {
			state.NoticedAt, state.Gap = a.Value.Feed.NoticedAt, a.Value.Feed.Gap
		}
		p.Remotes = append(p.Remotes, state)
		p.Lanes = append(p.Lanes, s.lanes(ctx, catalog, a, hour)...)
	}
	p.Charts = hour.figures(s.remote())
	p.Needs, p.Silent = s.needs(ctx, c)
	return p, nil
}

// needs collects what waits for a person: failures by their reason, and open conflicts.
func (s *Site) needs(ctx context.Context, c *call) (needs []need, unknown string) {
	failures := s.failures(ctx, c)
	for _, a := range failures {
		for _, g := range a.Value {
			needs = append(needs, need{
				Badge: ui.BadgeOf("failed"), What: ui.Plural(g.Count, "customer"), Why: c.text(failureReason(g.Field, g.Reason)), Fix: g.Fix, Since: g.FirstSeen,
				URL: groupURL(a.Service.Name, g.Fingerprint), Do: "Open",
			})
		}
	}
	unknown = silent(failures...)
	conflicts, err := s.openConflicts(ctx)
	if err != nil {
		c.missing(s.Fleet.Catalog, err)
		unknown = strings.TrimSuffix(s.Fleet.Catalog.Title()+" and "+unknown, " and ")
	}
	for _, conflict := range conflicts.Data {
		needs = append(needs, need{
			Badge: ui.BadgeOf("conflict"), What: "1 customer", Why: conflict.Field + ": the catalog and " + remoteTitle(conflict.Remote) + " changed it without knowing of each other.",
			Fix: "Choose which value both sides get.", Since: conflict.At, URL: "/dashboard/conflicts#" + conflict.ID, Do: "Choose",
		})
	}
	return needs[:min(len(needs), needsShown)], unknown
}

// remote is what to call the other side when there is one, and when there are several.
func (s *Site) remote() string {
	if len(s.Fleet.Connectors) == 1 {
		return remoteTitle(s.Fleet.Connectors[0].Name)
	}
	return "remotes"
}

// sideTitle is what to call one of the two sides of a change.
func sideTitle(name, catalog string) string {
	if name == catalog || name == "" {
		return "the catalog"
	}
	return remoteTitle(name)
}

func remoteTitle(name string) string {
	if name == "" {
		return "the remote"
	}
	return string(name[0]&^('a'-'A')) + name[1:]
}
