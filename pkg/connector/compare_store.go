package connector

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// storeFindings appends findings, or changes the outcomes of those that are there.
func storeFindings(tx *gorm.DB, found []*finding) error {
	if len(found) == 0 {
		return nil
	}
	encoded, err := json.Marshal(rowsOf(found))
	if err != nil {
		return fmt.Errorf("encode findings: %w", err)
	}
	err = tx.Exec(`
INSERT INTO findings (job_id, n, kind, record_id, remote_id, fields, candidates, outcome, desired_version, version, seq)
SELECT * FROM jsonb_to_recordset(?::jsonb) AS f (job_id uuid, n bigint, kind text, record_id uuid, remote_id text, fields jsonb,
    candidates jsonb, outcome text, desired_version bigint, version bigint, seq bigint)
ON CONFLICT (job_id, n) DO UPDATE SET outcome = EXCLUDED.outcome`, string(encoded)).Error
	if err != nil {
		return fmt.Errorf("store findings: %w", err)
	}
	return nil
}

func rowsOf(found []*finding) []map[string]any {
	rows := make([]map[string]any, 0, len(found))
	for _, f := range found {
		rows = append(rows, map[string]any{
			"job_id": f.JobID, "n": f.N, "kind": f.Kind, "record_id": f.RecordID, "remote_id": f.RemoteID, "fields": f.Fields,
			"candidates": f.Candidates, "outcome": f.Outcome, "desired_version": f.DesiredVersion, "version": f.Version, "seq": f.Seq,
		})
	}
	return rows
}

// storeListed notes which records the listing has shown.
func storeListed(tx *gorm.DB, jobID string, localIDs []string) error {
	if len(localIDs) == 0 {
		return nil
	}
	err := tx.Exec(`INSERT INTO listed SELECT ?, jsonb_array_elements_text(?::jsonb)::uuid ON CONFLICT DO NOTHING`,
		jobID, jsonList(localIDs)).Error
	if err != nil {
		return fmt.Errorf("store what was listed: %w", err)
	}
	return nil
}

// findingsAfter reads findings of a job in their order.
func findingsAfter(ctx context.Context, db *gorm.DB, jobID string, n int64, limit int) (found []*finding, err error) {
	err = db.WithContext(ctx).
		Raw(`SELECT * FROM findings WHERE job_id = ? AND n > ? ORDER BY n LIMIT ?`, jobID, n, limit).Scan(&found).Error
	if err != nil {
		return nil, fmt.Errorf("read findings: %w", err)
	}
	return found, nil
}

// Findings returns a page of what a comparison found, in the order in which it did. Fields hold personal data.
func (e *Engine) Findings(ctx context.Context, jobID string, p admin.Page) (admin.List[admin.Finding], error) {
	page := admin.List[admin.Finding]{Object: "list", Data: []admin.Finding{}}
	limit := p.Limit
	if limit == 0 {
		limit = 50
	}
	var after int64
	if p.Cursor != "" {
		var err error
		if after, err = strconv.ParseInt(p.Cursor, 10, 64); err != nil {
			return page, &RequestError{Field: "cursor", Detail: "is none of a list of findings"}
		}
	}
	found, err := findingsAfter(ctx, e.o.DB, jobID, after, limit+1)
	if err != nil {
		return page, err
	}
	page.HasMore = len(found) > limit
	for _, f := range found[:min(limit, len(found))] {
		page.Data = append(page.Data, f.shown())
		if page.HasMore {
			page.NextCursor = strconv.FormatInt(f.N, 10)
		}
	}
	return page, nil
}

func (f *finding) shown() admin.Finding {
	shown := admin.Finding{Kind: f.Kind, RemoteID: f.RemoteID, Fields: f.Fields, Candidates: f.Candidates, Outcome: f.Outcome}
	if f.RecordID != nil {
		shown.RecordID = *f.RecordID
	}
	return shown
}

// EraseFindings removes the personal data of one record from what comparisons found.
func EraseFindings(tx *gorm.DB, recordID string) error {
	if err := tx.Exec(`UPDATE findings SET fields = NULL WHERE record_id = ?`, recordID).Error; err != nil {
		return fmt.Errorf("erase findings of %s: %w", recordID, err)
	}
	return nil
}

// jsonList is how a statement gets any number of texts as one parameter.
func jsonList(texts []string) string {
	encoded, err := json.Marshal(texts)
	if err != nil {
		panic(err) // texts can always be encoded
	}
	return string(encoded)
}
