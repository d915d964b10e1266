package imports_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/jobs"
	"github.com/datasync-dev/datasync/services/catalog/internal/imports"
)

func TestRowsBecomeCustomers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		upload  imports.Upload
		content string
	}{
		"CSV":                    {imports.Upload{}, "name,email,address_line1,metadata.plan\nJane,jane@example.com,Street 1,gold\n"},
		"CSV of a spreadsheet":   {imports.Upload{}, "\xef\xbb\xbfName;E-Mail;Address Line1;metadata\r\nJane;jane@example.com;Street 1;\"{\"\"plan\"\":\"\"gold\"\"}\"\r\n"},
		"tabs, in several lines": {imports.Upload{Ignore: []string{"No"}}, "No\tname\temail\taddress.line1\tmetadata.plan\n\n1\t\"Jane\"\tjane@example.com\tStreet 1\tgold"},
		"NDJSON":                 {imports.Upload{Format: imports.NDJSON}, `{"id":"x","name":"Jane","email":"jane@example.com","address":{"line1":"Street 1"},"metadata":{"plan":"gold"},"version":3}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			require.Equal(t, map[string]int64{"created": 1}, b.done(c.upload, c.content))
			for path, want := range map[string]string{
				"name": "Jane", "email": "jane@example.com", "address.line1": "Street 1", "metadata.plan": "gold",
			} {
				require.Equal(t, []string{want}, b.fields(path))
			}
			var chunks, events, lines int64
			require.NoError(t, b.db.Raw(`SELECT (SELECT count(*) FROM import_chunks) AS chunks`).Scan(&chunks).Error)
			require.Zero(t, chunks, "the file is not kept")
			require.NoError(t, b.db.Raw(`SELECT count(*) FROM outbox WHERE convert_from(body, 'UTF8') LIKE '%"bulk":true%'`).Scan(&events).Error)
			require.EqualValues(t, 1, events)
			require.NoError(t, b.db.Raw(`SELECT count(*) FROM changes WHERE origin = 'jane' AND request_id = 'req-1'`).Scan(&lines).Error)
			require.EqualValues(t, 1, lines)
			var who string
			require.NoError(t, b.db.Raw(`SELECT actor FROM audit a JOIN imports i ON a.target = i.job_id::text WHERE action = 'import'`).Scan(&who).Error)
			require.Equal(t, "jane", who, "it is in the audit")
		})
	}
}

func TestAFileOfWhichNothingCanBeImportedIsRefusedWithWhatToDo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, c := range map[string]struct {
		upload  imports.Upload
		content string
		want    string
		column  string
	}{
		"empty":             {imports.Upload{}, " \n", "empty", ""},
		"a workbook":        {imports.Upload{}, "PK\x03\x04....", "workbook", ""},
		"UTF-16":            {imports.Upload{}, "\xff\xfen\x00", "UTF-16", ""},
		"Windows-1252":      {imports.Upload{}, "name,stra\xdfe\nJane,x", "iconv", ""},
		"a wrong column":    {imports.Upload{}, "name,colour\nJane,red", "rename", "colour"},
		"a column twice":    {imports.Upload{}, "name,Name\nJane,Jane", "rename", "Name"},
		"no known column":   {imports.Upload{Ignore: []string{"colour"}}, "colour\nred", "None", ""},
		"no key":            {imports.Upload{Key: "crm"}, "name\nJane", "rename", "crm"},
		"a broken header":   {imports.Upload{}, "\"name\nJane", "first line", ""},
		"no CSV but prose":  {imports.Upload{}, "Dear Sir,\nI am", "rename", "Dear Sir"},
		"nothing but a BOM": {imports.Upload{}, "\xef\xbb\xbf", "empty", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := b.store(c.upload, c.content)
			var unreadable *imports.Unreadable
			require.ErrorAs(t, err, &unreadable)
			require.Contains(t, unreadable.Detail, c.want)
			if c.column != "" {
				require.Equal(t, c.column, unreadable.Fields[0].Column)
				require.NotEmpty(t, unreadable.Fields[0].Detail)
			}
		})
	}
	var kept int64
	require.NoError(t, b.db.Raw(`SELECT count(*) FROM imports`).Scan(&kept).Error)
	require.Zero(t, kept)
}

func TestBadRowsAreLeftOutAndCanBeCorrectedAndImported(t *testing.T) {
	t.Parallel()
	b := setup(t)
	content := "name,email\n" +
		"Jane,jane@example.com\n" +
		"Jack,no address\n" +
		"Jill\n" +
		",\n" +
		"J\xfcrgen,x@example.com\n" +
		"Ja\"ck,x@example.com\n" +
		"\"two\nlines\",too@example.com\n" +
		strings.Repeat("x", 300) + ",y@example.com\n"
	file, job := b.run(imports.Upload{}, content)
	require.Equal(t, jobs.Done, job.State, job.Error)
	require.Equal(t, map[string]int64{"created": 1, "bad": 7}, job.Counts)

	errors := b.bad(file)
	for _, want := range []string{
		"import_line,import_error,name,email\n", "\n3,/email: ", "\n4,\"It has 1 cells", "\n5,It has no field", "\n6,\"name: It is not UTF-8, ",
		"\n7,\"It is not valid CSV: ", "\n8,/name: ", "\n10,/name: ",
	} {
		require.Contains(t, errors, want)
	}
	require.Contains(t, errors, `"Ja""ck,x@example.com"`, "what cannot be taken apart is there whole")

	corrected := strings.NewReplacer("no address", "jack@example.com").Replace(errors)
	require.Equal(t, map[string]int64{"created": 1, "bad": 6}, b.done(imports.Upload{}, corrected))
	require.Equal(t, []string{"Jack", "Jane"}, b.fields("name"))
}

func TestBadLinesOfNDJSON(t *testing.T) {
	t.Parallel()
	b := setup(t)
	file, job := b.run(imports.Upload{Format: imports.NDJSON}, "{\"name\":\"Jane\"}\n\n[1]\n{\"colour\":\"red\"}\n{}\n{\n{\"name\":\"\xfc\"}")
	require.Equal(t, map[string]int64{"created": 1, "bad": 5}, job.Counts, job.Error)
	errors := b.bad(file)
	require.Contains(t, errors, `"import_line":3,"import_source":"[1]"`)
	require.Contains(t, errors, `"colour":"red"`)
	require.Contains(t, errors, `"import_line":6`)
}

func TestImportingTwiceMakesNobodyTwice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	content := "name,phone\nJane,1\nJack,\nJane,1\n"
	require.Equal(t, map[string]int64{"created": 2, "repeated": 1}, b.done(imports.Upload{}, content))
	require.Equal(t, map[string]int64{"repeated": 3}, b.done(imports.Upload{}, content))
	require.Equal(t, map[string]int64{"repeated": 1}, b.done(imports.Upload{Format: imports.NDJSON}, `{"name":"Jack"}`), "whatever the format")
	require.Equal(t, []string{"Jack", "Jane"}, b.fields("name"))
}

func TestAKeyTellsWhichCustomerARowIsAbout(t *testing.T) {
	t.Parallel()
	b := setup(t)
	keyed := imports.Upload{Key: "crm id"}
	require.Equal(t, map[string]int64{"created": 2, "updated": 1, "bad": 1},
		b.done(keyed, "crm id,name,phone\n1,Jane,1\n2,Jack,2\n1,Janet,\n,Nobody,3\n"), "the last row of a key counts")
	require.Equal(t, []string{"Jack", "Janet"}, b.fields("name"))
	require.Equal(t, []string{"", "2"}, b.fields("phone"))

	require.Equal(t, map[string]int64{"unchanged": 1, "updated": 1}, b.done(keyed, "crm id,name\n1,Janet\n2,John\n"))
	require.Equal(t, []string{"Janet", "John"}, b.fields("name"))
	require.Equal(t, []string{"", "2"}, b.fields("phone"), "what a file does not have is left alone")
	ndjson := imports.Upload{Format: imports.NDJSON, Key: "crm id"}
	require.Equal(t, map[string]int64{"unchanged": 1}, b.done(ndjson, `{"crm id": 2, "name": "John"}`))
}

func TestAnImportGoesOnWhereItStood(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var content strings.Builder
	content.WriteString("name,description\n")
	const rows = 1050
	for i := range rows {
		fmt.Fprintf(&content, "\"name %04d\",\"two\nlines %s\"\n", i, strings.Repeat("x", 600)) // several chunks
	}
	_, job, err := b.store(imports.Upload{}, content.String())
	require.NoError(t, err)

	for attempt := range 3 { // replicas that stop in the middle
		committed := make(chan struct{}, rows)
		stop := b.work(imports.Handler(b.db, func() { b.relay(); committed <- struct{}{} }))
		<-committed
		if attempt > 0 {
			<-committed
		}
		stop()
	}
	stop := b.work(imports.Handler(b.db, b.relay))
	defer stop()

	finished := b.finished(job.ID)
	require.Equal(t, jobs.Done, finished.State, finished.Error)
	require.Equal(t, map[string]int64{"created": rows}, finished.Counts, "no row was taken twice")
	require.EqualValues(t, rows, finished.Done)
	names := b.fields("name")
	require.Len(t, names, rows)
	require.Equal(t, "name 0000", names[0])
	require.Equal(t, "name 1049", names[rows-1])
}

func TestAQuoteThatIsNeverClosedEndsTheImport(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, job := b.run(imports.Upload{}, "name\nJane\n\"Jack\n"+strings.Repeat("x\n", 1<<20))
	require.Equal(t, jobs.Failed, job.State)
	require.Contains(t, job.Error, "after line 2: a row is longer")
}

func TestWhatIsTooLargeOrOldIsNotKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, job := b.run(imports.Upload{}, "name\nJane\n\"")
	require.Equal(t, map[string]int64{"created": 1, "bad": 1}, job.Counts)
	require.NoError(t, imports.Prune(t.Context(), b.db, time.Now().Add(imports.Keep-time.Hour)))
	count := func() (n int64) {
		require.NoError(t, b.db.Raw(`SELECT count(*) FROM import_errors`).Scan(&n).Error)
		return n
	}
	require.EqualValues(t, 1, count())
	require.NoError(t, imports.Prune(t.Context(), b.db, time.Now().Add(imports.Keep+time.Hour)))
	require.Zero(t, count())
	_, _, err := imports.Store(t.Context(), b.db, imports.Upload{Format: imports.NDJSON, Body: &endless{}})
	require.ErrorIs(t, err, imports.ErrTooLarge)
}

// endless is a body without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '\n'
	}
	p[0] = '{'
	return len(p), nil
}
