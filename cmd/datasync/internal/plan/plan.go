// Package plan keeps what a dry run of a reconcile found in a file, to be read by people and applied later.
package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/pkg/admin"
)

const version = 1

// Plan is a saved dry run.
type Plan struct {
	Version   int             `json:"version"`
	Connector string          `json:"connector"`
	Job       string          `json:"job"`
	MadeAt    time.Time       `json:"made_at"`
	Found     admin.Reconcile `json:"found"`
	Findings  []admin.Finding `json:"findings"`
}

// Save writes a plan to a new file.
func Save(path string, p Plan) error {
	p.Version = version
	encoded, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the plan: %w", err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // it holds values of customers
	if errors.Is(err, os.ErrExist) {
		return exit.Wrap(exit.Conflict, err, path+" is there already", "name another file")
	}
	if err != nil {
		return exit.Wrap(exit.Failed, err, "the plan cannot be saved: "+err.Error(), "")
	}
	_, err = file.Write(append(encoded, '\n'))
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("save the plan: %w", err)
	}
	return nil
}

// Load reads a plan.
func Load(path string) (Plan, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		code := exit.Failed
		if errors.Is(err, os.ErrNotExist) {
			code = exit.NotFound
		}
		return Plan{}, exit.Wrap(code, err, "the plan cannot be read: "+err.Error(), "")
	}
	var p Plan
	if err := json.Unmarshal(raw, &p); err != nil || p.Job == "" {
		return Plan{}, exit.Wrap(exit.Failed, err, path+" is not a plan", "make one with datasync reconcile --save "+path)
	}
	if p.Version != version {
		return Plan{}, exit.New(exit.Failed, path+" was made by another version of this program", "make a new one with datasync reconcile --save")
	}
	return p, nil
}
