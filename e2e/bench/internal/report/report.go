// Package report holds results, and shows them as a table and as JSON.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/datasync-dev/datasync/e2e/bench/internal/load"
)

// Row is one line of the table.
type Row struct {
	Row   string  `json:"row"`
	Value float64 `json:"value"`
	Floor float64 `json:"floor"` // the same of the floor, or the limit that physics sets; 0: there is nothing to compare with
	Goal  string  `json:"goal"`
	Met   bool    `json:"met"`

	Spread string `json:"-"` // the lowest and the highest round
}

// Goal is what a row has to reach. The zero value asks nothing.
type Goal struct {
	Text string
	Met  func(value, floor float64) bool
}

// AtLeast asks for a share of the floor.
func AtLeast(share float64) Goal {
	return Goal{fmt.Sprintf(">= %g x floor", share), func(v, f float64) bool { return v >= share*f }}
}

// AtMost asks for not more than a multiple of the floor.
func AtMost(times float64) Goal {
	return Goal{fmt.Sprintf("<= %g x floor", times), func(v, f float64) bool { return v <= times*f }}
}

// Below asks for not more than a number.
func Below(limit float64) Goal {
	return Goal{fmt.Sprintf("<= %g", limit), func(v, _ float64) bool { return v <= limit }}
}

// Above asks for at least a number.
func Above(limit float64) Goal {
	return Goal{fmt.Sprintf(">= %g", limit), func(v, _ float64) bool { return v >= limit }}
}

// And asks for both.
func (g Goal) And(other Goal) Goal {
	return Goal{g.Text + " and " + other.Text, func(v, f float64) bool { return g.Met(v, f) && other.Met(v, f) }}
}

// New makes a row of the medians of all rounds.
func New(name string, values, floors []float64, goal Goal) Row {
	r := Row{Row: name, Value: load.Median(values), Floor: load.Median(floors), Goal: goal.Text, Met: true}
	if goal.Met != nil {
		r.Met = goal.Met(r.Value, r.Floor)
	}
	if len(values) > 1 {
		r.Spread = number(slices.Min(values)) + " .. " + number(slices.Max(values))
	}
	return r
}

// Print writes the table.
func Print(w io.Writer, rows []Row) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "row\tDataSync\tfloor\tratio\tgoal\tmet\trounds")
	for _, r := range rows {
		floor, ratio, met := "", "", "yes"
		if r.Floor != 0 {
			floor, ratio = number(r.Floor), number(r.Value/r.Floor)
		}
		switch {
		case r.Goal == "":
			met = ""
		case !r.Met:
			met = "NO"
		}
		fmt.Fprintln(table, strings.Join([]string{r.Row, number(r.Value), floor, ratio, r.Goal, met, r.Spread}, "\t"))
	}
	return table.Flush()
}

// number shows three significant digits, or all that stand before the point.
func number(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

// Save writes the rows as JSON.
func Save(path string, rows []Row) error {
	encoded, err := json.MarshalIndent(map[string][]Row{"rows": rows}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(encoded, '\n'), 0o600)
}
