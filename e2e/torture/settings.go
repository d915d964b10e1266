package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/datasync-dev/datasync/e2e/torture/internal/plan"
)

// settings are what the environment asks for.
type settings struct {
	Seed           uint64
	Writes, Faults int
	Minutes        float64
	Nodes          int // of RabbitMQ
	Drop, Keep     bool
}

func readSettings(getenv func(string) string) (settings, error) {
	s := settings{
		Seed: uint64(time.Now().Unix()), Writes: 3000, Faults: 60, Minutes: 2, Nodes: 1, //nolint:gosec // after 1970
		Drop: getenv("DROP_WEBHOOKS") != "", Keep: getenv("KEEP") != "",
	}
	var problems []error
	read := func(name string, parse func(string) error) {
		if text := getenv(name); text != "" {
			if err := parse(text); err != nil {
				problems = append(problems, fmt.Errorf("%s: %w", name, err))
			}
		}
	}
	read("SEED", func(text string) (err error) { s.Seed, err = strconv.ParseUint(text, 10, 64); return err })
	read("WRITES", func(text string) (err error) { s.Writes, err = strconv.Atoi(text); return err })
	read("FAULTS", func(text string) (err error) { s.Faults, err = strconv.Atoi(text); return err })
	read("MINUTES", func(text string) (err error) { s.Minutes, err = strconv.ParseFloat(text, 64); return err })
	read("CLUSTER", func(text string) (err error) { s.Nodes, err = strconv.Atoi(text); return err })
	if s.Nodes != 1 && s.Nodes != 3 {
		problems = append(problems, errors.New("CLUSTER must be 1 or 3"))
	}
	if s.Writes < 100 || s.Faults < 0 || s.Minutes <= 0 {
		problems = append(problems, errors.New("WRITES must be at least 100, FAULTS not negative, MINUTES above 0"))
	}
	return s, errors.Join(problems...)
}

func (s settings) plan() plan.Settings {
	return plan.Settings{
		Seed: s.Seed, Writes: s.Writes, Faults: s.Faults, Drop: s.Drop, Cluster: s.Nodes > 1,
		Length: time.Duration(s.Minutes * float64(time.Minute)),
	}
}
