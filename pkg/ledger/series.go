package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// Series returns a point for each minute of the window in which something was counted, oldest first.
func Series(ctx context.Context, db *gorm.DB, w admin.Window) ([]admin.Point, error) {
	until := w.Until
	if until.IsZero() {
		until = time.Now()
	}
	var rows []struct {
		Minute                 time.Time
		Outbound, Inbound      int64
		WaitingOutbound        *int64
		WaitingInbound         int64
		Errors, Latency, Calls []byte
	}
	err := db.WithContext(ctx).Raw(`
		SELECT minute, outbound, inbound, waiting_outbound, coalesce(waiting_inbound, 0) AS waiting_inbound, errors, to_json(latency) AS latency, to_json(calls) AS calls
		FROM rollups WHERE minute >= ? AND minute < ? ORDER BY minute`, w.Since.UTC().Truncate(time.Minute), until).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the ledger's figures: %w", err)
	}
	points := make([]admin.Point, 0, len(rows))
	for _, row := range rows {
		p := admin.Point{At: row.Minute.UTC(), Outbound: row.Outbound, Inbound: row.Inbound}
		if row.WaitingOutbound != nil {
			p.Waiting = &admin.Waiting{Outbound: *row.WaitingOutbound, Inbound: row.WaitingInbound}
		}
		for _, column := range []struct {
			from []byte
			into any
		}{{row.Errors, &p.Errors}, {row.Latency, &p.Latency}, {row.Calls, &p.Calls}} {
			if err := json.Unmarshal(column.from, column.into); err != nil {
				return nil, fmt.Errorf("figures of %s: %w", row.Minute, err)
			}
		}
		points = append(points, p)
	}
	return points, nil
}
