package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/pkg/jobs"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
	"github.com/datasync-dev/datasync/services/catalog/internal/imports"
)

// importsPath is the one whose bodies are streamed; see readBody.
const importsPath = "/v1/imports"

// Import is an uploaded file that is being imported.
type Import struct {
	ID         string           `json:"id" format:"uuid"`
	Object     string           `json:"object" enum:"import"`
	State      string           `json:"state" enum:"queued,running,done,failed,cancelled"`
	Format     string           `json:"format" enum:"csv,ndjson"`
	Rows       int64            `json:"rows" doc:"Rows done"`
	TotalRows  int64            `json:"total_rows" doc:"An estimate until it is done"`
	Counts     map[string]int64 `json:"counts" doc:"Rows by outcome: created, updated, unchanged, repeated (a row with this content was imported before) and bad"`
	Error      *string          `json:"error" doc:"Why it failed"`
	JobID      string           `json:"job_id" format:"uuid" doc:"Its job in the operators' API, which can be cancelled there"`
	CreatedAt  time.Time        `json:"created_at"`
	FinishedAt *time.Time       `json:"finished_at"`
}

func (s *Server) registerImports(api huma.API) {
	read, write := needs(auth.CustomersRead), needs(auth.CustomersWrite)
	text := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	addRaw(s, api, huma.Operation{
		OperationID: "createImport", Method: http.MethodPost, Path: importsPath, Security: write, DefaultStatus: http.StatusAccepted,
		Summary: "Import customers from a CSV or NDJSON file",
		Description: "The body is the file, UTF-8, at most 256 MiB. The first line of CSV names the columns: name, email, address.line1 (also " +
			"address_line1), metadata.<key> and so on; NDJSON has a customer on each line, as POST /v1/customers takes it. Rows that are wrong " +
			"are left out, see GET /v1/imports/{id}/errors. Importing a file twice makes nobody twice: with key, a row whose key was imported " +
			"before changes that customer; without, a row with the same content is passed over.",
		Errors:      []int{400, 401, 403, 408, 413, 415, 422, 503},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{mediaCSV: text, mediaNDJSON: text}},
	}, s.createImport)
	addRaw(s, api, huma.Operation{
		OperationID: "getImport", Method: http.MethodGet, Path: importsPath + "/{id}", Security: read,
		Summary: "How far an import is", Errors: []int{401, 403, 404, 503},
	}, s.getImport)
	addRaw(s, api, huma.Operation{
		OperationID: "listImportErrors", Method: http.MethodGet, Path: importsPath + "/{id}/errors", Security: read,
		Summary: "The rows that were not imported, as a file like the one that was imported",
		Description: "Each has its line in import_line and what is wrong with it in import_error. Correct them and import this file: both columns " +
			"are left out then. It is kept for seven days.",
		Errors: []int{401, 403, 404, 503}, Responses: exportResponses(),
	}, s.importErrors)
}

type importInput struct {
	ContentType string   `header:"Content-Type" doc:"text/csv or application/x-ndjson; charset must be utf-8"`
	Format      string   `query:"format" enum:"csv,ndjson" doc:"By Content-Type if left out"`
	Key         string   `query:"key" maxLength:"200" doc:"Name of the column that identifies a customer across imports, such as the id in another system"`
	Delimiter   string   `query:"delimiter" maxLength:"1" doc:"Of CSV; comma, semicolon or tab by the first line if left out"`
	Ignore      []string `query:"ignore" doc:"Columns to leave out, separated by commas"`

	body io.Reader
}

// Resolve implements huma.Resolver: huma would read the body whole.
func (in *importInput) Resolve(ctx huma.Context) []error {
	in.body = ctx.BodyReader()
	return nil
}

type importOutput struct {
	Status   int
	Location string `header:"Location" doc:"Address of the import"`
	Body     Import
}

func (s *Server) createImport(ctx context.Context, in *importInput) (*importOutput, error) {
	format, err := in.format()
	if err != nil {
		return nil, err
	}
	delimiter, _ := utf8.DecodeRuneInString(in.Delimiter)
	if in.Delimiter == "" {
		delimiter = 0
	}
	file, job, err := imports.Store(ctx, s.db, imports.Upload{
		Format: format, Delimiter: delimiter, Key: in.Key, Ignore: in.Ignore, Author: author(ctx), Body: in.body,
	})
	if err != nil {
		return nil, uploadProblem(err)
	}
	s.jobAdded()
	return &importOutput{Status: http.StatusAccepted, Location: importsPath + "/" + file.ID.String(), Body: renderImport(file, job)}, nil
}

func (in *importInput) format() (imports.Format, error) {
	media, parameters, err := mime.ParseMediaType(in.ContentType)
	if in.ContentType != "" && err != nil {
		return "", newProblem(CodeUnsupportedMediaType, "")
	}
	if charset := parameters["charset"]; charset != "" && charset != "utf-8" && charset != "UTF-8" {
		return "", newProblem(CodeUnsupportedMediaType, "The file must be UTF-8; convert it first.")
	}
	switch {
	case in.Format != "":
		return imports.Format(in.Format), nil
	case media == mediaCSV:
		return imports.CSV, nil
	case media == mediaNDJSON || media == "application/jsonl" || media == "application/json-lines":
		return imports.NDJSON, nil
	}
	return "", newProblem(CodeUnsupportedMediaType, "Send Content-Type: text/csv or application/x-ndjson, or say format=csv or format=ndjson.")
}

// uploadProblem is the answer to a file that was not taken.
func uploadProblem(err error) error {
	var tooSlow interface{ Timeout() bool }
	unreadable, ok := errors.AsType[*imports.Unreadable](err)
	switch {
	case ok:
		items := make([]ProblemItem, len(unreadable.Fields))
		for i, f := range unreadable.Fields {
			items[i] = ProblemItem{Column: f.Column, Reason: string(customers.ReasonUnknownField), Detail: f.Detail}
		}
		return newProblem(CodeUnreadableFile, unreadable.Detail, items...)
	case errors.Is(err, imports.ErrTooLarge):
		return newProblem(CodeBodyTooLarge, fmt.Sprintf("Send at most %d MiB at a time.", imports.MaxBytes>>20))
	case errors.Is(err, os.ErrDeadlineExceeded) && errors.As(err, &tooSlow):
		return newProblem(CodeRequestTimeout, "")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return newProblem(CodeMalformedJSON, "The body ended too early.")
	}
	return err
}

type importID struct {
	ID string `path:"id"`
}

func (s *Server) findImport(ctx context.Context, id string) (imports.Import, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return imports.Import{}, imports.ErrNotFound
	}
	return imports.Get(ctx, s.db, parsed)
}

func (s *Server) getImport(ctx context.Context, in *importID) (*importOutput, error) {
	file, err := s.findImport(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	job, err := jobs.Get(ctx, s.db, file.JobID.String())
	if errors.Is(err, jobs.ErrNotFound) {
		err = imports.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return &importOutput{Status: http.StatusOK, Body: renderImport(file, job)}, nil
}

func (s *Server) importErrors(ctx context.Context, in *importID) (*huma.StreamResponse, error) {
	file, err := s.findImport(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	media := mediaNDJSON
	if file.Format == imports.CSV {
		media = mediaCSV + "; charset=utf-8"
	}
	return s.attachment(ctx, media, "errors."+string(file.Format), func(w io.Writer) error {
		return imports.WriteBad(ctx, s.db, file, w)
	}), nil
}

func renderImport(file imports.Import, job admin.Job) Import {
	body := Import{
		ID: file.ID.String(), Object: "import", State: job.State, Format: string(file.Format), Rows: job.Done, TotalRows: max(job.Done, job.Total),
		Counts: job.Counts, Error: optional(job.Error), JobID: job.ID, CreatedAt: file.CreatedAt.UTC(),
	}
	if body.Counts == nil {
		body.Counts = map[string]int64{}
	}
	if !job.FinishedAt.IsZero() {
		body.FinishedAt = &job.FinishedAt
	}
	return body
}
