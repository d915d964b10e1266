package api

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

// exportPage is how many customers are in memory at a time.
const exportPage = 500

const (
	mediaNDJSON = "application/x-ndjson"
	mediaCSV    = "text/csv"
)

func exportResponses() map[string]*huma.Response {
	text := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	return map[string]*huma.Response{"200": {
		Description: "The customers", Content: map[string]*huma.MediaType{mediaNDJSON: text, mediaCSV: text},
	}}
}

type exportInput struct {
	Format         string `query:"format" enum:"ndjson,csv" default:"ndjson"`
	IncludeDeleted bool   `query:"include_deleted" doc:"Also tombstones"`
}

// export streams. What fails before the first page is answered like any other error.
func (s *Server) export(ctx context.Context, in *exportInput) (*huma.StreamResponse, error) {
	page, err := customers.After(ctx, s.db, uuid.Nil, exportPage)
	if err != nil {
		return nil, err
	}
	media, name := mediaNDJSON, "customers.ndjson"
	if in.Format == "csv" {
		media, name = mediaCSV+"; charset=utf-8", "customers.csv"
	}
	return s.attachment(ctx, media, name, func(w io.Writer) error { return s.stream(ctx, w, in, page) }), nil
}

// attachment is an answer that is written as it is made.
func (s *Server) attachment(ctx context.Context, media, name string, write func(io.Writer) error) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(answer huma.Context) {
		answer.SetHeader("Content-Type", media)
		answer.SetHeader("Content-Disposition", `attachment; filename="`+name+`"`)
		answer.SetStatus(http.StatusOK)
		if err := write(answer.BodyWriter()); err != nil {
			if ctx.Err() == nil { // else the client has gone
				s.log.ErrorContext(ctx, "download broken off", slog.String("request_id", requestID(ctx)), slog.Any("error", err))
			}
			panic(http.ErrAbortHandler) // the status is out: only a cut connection says that something is missing
		}
	}}
}

// sheet writes customers in some format.
type sheet interface {
	write(c customers.Customer) error
	flush() error
}

func (s *Server) stream(ctx context.Context, w io.Writer, in *exportInput, page []customers.Customer) error {
	var out sheet = &lines{server: s, encoder: json.NewEncoder(w)}
	if in.Format == "csv" {
		table := &table{writer: csv.NewWriter(w), columns: customers.Columns()}
		if err := table.head(); err != nil {
			return err
		}
		out = table
	}
	for len(page) > 0 {
		for _, c := range page {
			if c.Deleted() && !in.IncludeDeleted {
				continue
			}
			if err := out.write(c); err != nil {
				return err
			}
		}
		if err := out.flush(); err != nil {
			return err
		}
		var err error
		if page, err = customers.After(ctx, s.db, page[len(page)-1].ID, exportPage); err != nil {
			return err
		}
	}
	return out.flush()
}

// lines is NDJSON.
type lines struct {
	server  *Server
	encoder *json.Encoder
}

func (l *lines) write(c customers.Customer) error { return l.encoder.Encode(l.server.render(c)) }
func (l *lines) flush() error                     { return nil }

// table is CSV. The columns are those that an import takes, but for the first ones, which it ignores. Metadata is one
// column, a JSON object, because every customer may have other keys.
type table struct {
	writer  *csv.Writer
	columns []string
}

func (t *table) head() error {
	return t.writer.Write(append([]string{"id", "version", "created_at", "updated_at", "deleted_at"}, append(t.columns, "metadata")...))
}

func (t *table) write(c customers.Customer) error {
	deleted := ""
	if c.DeletedAt != nil {
		deleted = c.DeletedAt.UTC().Format(time.RFC3339Nano)
	}
	row := []string{
		c.ID.String(), strconv.FormatInt(c.Version, 10), c.CreatedAt.UTC().Format(time.RFC3339Nano), c.UpdatedAt.UTC().Format(time.RFC3339Nano), deleted,
	}
	for _, column := range t.columns {
		row = append(row, c.Fields[column])
	}
	metadata, err := customers.MetadataJSON(c.Fields)
	if err != nil {
		return err
	}
	return t.writer.Write(append(row, metadata))
}

func (t *table) flush() error {
	t.writer.Flush()
	return t.writer.Error()
}
