package postgres

import (
	"context"
	"log/slog"
	"regexp"
	"time"

	"gorm.io/gorm/logger"
)

// slowQuery is worth a line in the log.
const slowQuery = time.Second

// quietLogger is what gorm logs to. Values never reach the log: they are customers' data. Errors are not logged here
// either: they are returned, and logged once, where they are handled.
type quietLogger struct{ log *slog.Logger }

var (
	_ logger.Interface = quietLogger{}
	_ interface {      // gorm asks for it by type assertion
		ParamsFilter(ctx context.Context, sql string, params ...any) (string, []any)
	} = quietLogger{}
)

// LogMode implements logger.Interface.
func (l quietLogger) LogMode(logger.LogLevel) logger.Interface { return l }

// Info implements logger.Interface.
func (l quietLogger) Info(context.Context, string, ...any) {}

// Warn implements logger.Interface. The arguments may hold values, so that only the format is logged.
func (l quietLogger) Warn(ctx context.Context, format string, _ ...any) {
	l.log.WarnContext(ctx, "gorm warns", slog.String("format", format))
}

// Error implements logger.Interface. The arguments may hold values, so that only the format is logged.
func (l quietLogger) Error(ctx context.Context, format string, _ ...any) {
	l.log.ErrorContext(ctx, "gorm fails", slog.String("format", format))
}

// Trace implements logger.Interface: slow statements, with placeholders for their values.
func (l quietLogger) Trace(ctx context.Context, begin time.Time, statement func() (string, int64), _ error) {
	took := time.Since(begin)
	if took < slowQuery {
		return
	}
	text, rows := statement()
	l.log.WarnContext(ctx, "slow statement",
		slog.Duration("took", took), slog.Int64("rows", rows), slog.String("sql", withoutValues(text)))
}

// literal is a quoted value as gorm writes it, with quotes inside doubled.
var literal = regexp.MustCompile(`'(?:[^']|'')*'`)

// withoutValues masks what is quoted: Scan gives gorm's own logger the statement first, which fills the values in.
func withoutValues(sql string) string { return literal.ReplaceAllString(sql, "'...'") }

// ParamsFilter keeps the values out of the statements that gorm hands to Trace.
func (quietLogger) ParamsFilter(_ context.Context, sql string, _ ...any) (string, []any) {
	return sql, nil
}
