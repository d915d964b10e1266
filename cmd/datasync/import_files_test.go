package main_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
)

// A file that cannot be read as a whole is refused before anything is sent, in a sentence that says what to do.
func TestFilesThatAreNoImports(t *testing.T) {
	t.Parallel()
	refuse := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("something was sent") }))
	t.Cleanup(refuse.Close)
	for name, one := range map[string]struct {
		file, content string
		flags         []string
		want          string
	}{
		"an unknown column":    {"c.csv", "name,e-mial\nA,b\n", nil, `"e-mial" is not a field of customers (email?)`},
		"no names at all":      {"c.csv", "Ada,ada@example.com\nGrace,g@example.com\n", nil, "the first line has to name the columns"},
		"a column twice":       {"c.csv", "name,email,Email\nA,b,c\n", nil, `"email" and "Email" are both email`},
		"a nameless column":    {"c.csv", "name,,email\nA,b,c\n", nil, "column 2 has no name"},
		"the catalog's column": {"c.csv", "id,name\n1,A\n", nil, "id is set by the catalog"},
		"all columns ignored":  {"c.csv", "name\nA\n", []string{"--ignore", "name"}, "no column is imported"},
		"a typo in --ignore":   {"c.csv", "name\nA\n", []string{"--ignore", "nama"}, "--ignore nama: there is no such column"},
		"a typo in --map":      {"c.csv", "name\nA\n", []string{"--map", "Mail=email"}, "--map Mail: there is no such column"},
		"an open quote":        {"c.csv", "name,email\n\"A,b\nC,d\n", nil, "a quote is opened in line 2 and never closed"},
		"an empty file":        {"c.csv", "", nil, "c.csv is empty"},
		"a spreadsheet":        {"c.csv", "PK\x03\x04...", nil, "export it as CSV in UTF-8"},
		"a compressed file":    {"c.csv", "\x1f\x8b\x08", nil, "unpack it with gunzip"},
		"zero bytes":           {"c.csv", "n\x00a\x00m\x00e\x00", nil, "--encoding utf-16"},
		"an unknown encoding":  {"c.csv", "name\nA\n", []string{"--encoding", "ebcdic"}, "use --encoding with one of utf-8"},
		"a JSON list":          {"c.json", `[{"name":"A"}]`, nil, "jq -c '.[]'"},
		"an unknown member":    {"c.ndjson", `{"name":"A","mail":"x"}`, nil, `line 1: "mail" is not a field of customers`},
		"an export":            {"c.ndjson", `{"name":"A","id":"x","sync":{}}`, nil, "id is set by the catalog; sync is set by the catalog"},
		"an empty list":        {"c.ndjson", "", nil, "c.ndjson is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCLI(t, map[string]string{"DATASYNC_URL": refuse.URL})
			c.file(t, one.file, one.content)
			r := c.run(t, append([]string{"customers", "import", one.file}, one.flags...)...)
			require.NotZero(t, r.code)
			require.Contains(t, lowered(r.err), lowered(one.want))
			left, err := filepath.Glob(filepath.Join(c.dir, "*.*.*"))
			require.NoError(t, err)
			require.Empty(t, left, "no state and no error file")
		})
	}
	require.Equal(t, 5, newCLI(t, nil).run(t, "customers", "import", "nowhere.csv").code)
}

func utf16le(text string) string {
	out := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(text)) {
		out = append(out, byte(unit), byte(unit>>8))
	}
	return string(out)
}

// However a file is written, the customer is the same.
func TestFormsOfFiles(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	const plain = "name,email,address.city,metadata.Plan\nJürgen,NAME@example.com,Köln,a;b\n"
	latin := strings.NewReplacer("ü", "\xfc", "ö", "\xf6").Replace(plain)
	for name, one := range map[string]struct {
		file, content string
		flags         []string
	}{
		"plain":          {"c.csv", plain, nil},
		"bom":            {"c.csv", "\ufeff" + plain, nil},
		"windows lines":  {"c.csv", strings.ReplaceAll(plain, "\n", "\r\n"), nil},
		"semicolons":     {"c.csv", strings.ReplaceAll(strings.ReplaceAll(plain, "a;b", `"a;b"`), ",", ";"), nil},
		"tabs":           {"c.tsv", strings.ReplaceAll(plain, ",", "\t"), nil},
		"bars":           {"c.txt", strings.ReplaceAll(plain, ",", "|"), []string{"--delimiter", "|"}},
		"utf-16":         {"c.csv", utf16le(plain), nil},
		"windows-1252":   {"c.csv", latin, []string{"--encoding", "windows-1252"}},
		"iso-8859-1":     {"c.csv", latin, []string{"--encoding", "iso-8859-1"}},
		"loose names":    {"c.csv", strings.Replace(plain, "name,email,address.city", "Name,E-MAIL ,Address City", 1), []string{"--map", "E-MAIL=email"}},
		"blank rows":     {"c.csv", plain + ",,,\n\n ,,,\n", nil},
		"ndjson":         {"c.ndjson", `{"name":"Jürgen","email":"NAME@example.com","address":{"city":"Köln"},"metadata":{"Plan":"a;b"}}` + "\n\n", nil},
		"ndjson by flag": {"c.dat", `{"name":"Jürgen","mail":"NAME@example.com","address":{"city":"Köln"},"metadata":{"Plan":"a;b"},"x":1}`, []string{"--format", "ndjson", "--map", "mail=email", "--ignore", "x"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := newCLI(t, c.env)
			address := strings.ReplaceAll(strings.ReplaceAll(name, " ", "."), "-", ".") + "@example.com"
			content := strings.ReplaceAll(one.content, "NAME@example.com", address)
			if strings.HasPrefix(one.content, "\xff\xfe") {
				content = utf16le(strings.ReplaceAll(plain, "NAME@example.com", address))
			}
			own.file(t, one.file, content)
			r := own.run(t, append([]string{"customers", "import", one.file, "-o", "json"}, one.flags...)...)
			require.Equal(t, 0, r.code, r.err)
			require.Equal(t, imported{Rows: 1, Created: 1}, sum(t, r))
			shown := own.ok(t, "customers", "get", address)
			for _, want := range []string{"Jürgen", "Köln", "metadata.Plan", "a;b"} {
				require.Contains(t, shown, want)
			}
		})
	}
}

// What the catalog would refuse is found as the real import finds it, and nothing is created.
func TestADryRunFindsWhatTheImportRefuses(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	c.file(t, "c.csv", "name,email,address.country,metadata.k\nA,a@example.com,DE,v\nB\nC,nonsense,DE,\nD,d@example.com,Germany,\nE,no address,Austria,\n")
	r := c.run(t, "customers", "import", "c.csv", "--dry-run")
	require.Equal(t, 4, r.code)
	golden(t, "import-dry-run", r.out+r.err)
	_, err := os.Stat(filepath.Join(c.dir, "c.csv.import"))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Empty(t, c.ok(t, "customers", "export"))
	found := c.read(t, "c.errors.csv")
	require.Equal(t, 4, strings.Count(found, "\n")-1)

	require.Equal(t, imported{Rows: 5, Created: 1, Bad: 4}, sum(t, c.run(t, "customers", "import", "c.csv", "-o", "json", "--errors", "real.csv")))
	require.Equal(t, found, c.read(t, "real.csv"))

	c.file(t, "good.csv", "name\nA\n")
	require.Equal(t, imported{Rows: 1, Left: 1}, sum(t, c.run(t, "customers", "import", "good.csv", "--dry-run", "-o", "json")))
}

func TestADryRunSaysWhatItCouldNotCheck(t *testing.T) {
	t.Parallel()
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	c := newCLI(t, map[string]string{"DATASYNC_URL": away.URL})
	c.file(t, "c.csv", "name,email\nA,nonsense\nB\n")
	r := c.run(t, "customers", "import", "c.csv", "--dry-run", "--patience", "1ms", "-o", "json")
	require.Equal(t, 4, r.code, r.err)
	require.Equal(t, imported{Rows: 2, Left: 1, Bad: 1}, sum(t, r))
	require.Contains(t, r.err, "only the form of the rows was checked, not whether the catalog takes their values: nothing listens at "+away.URL)
}

// What a person has begun to correct is never overwritten, whatever is run again.
func TestAnErrorFileThatWasChangedIsLeftAlone(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	c.file(t, "c.csv", "name,email\nA,a@example.com\nB,nonsense\n")
	require.Equal(t, 4, c.run(t, "customers", "import", "c.csv").code)
	wrong := c.read(t, "c.errors.csv")
	require.Equal(t, 4, c.run(t, "customers", "import", "c.csv").code)
	require.Equal(t, wrong, c.read(t, "c.errors.csv"), "nobody has changed it")
	corrected := strings.Replace(wrong, "nonsense", "b@example.com", 1)
	for _, again := range [][]string{{}, {"--dry-run"}, {}} {
		c.file(t, "c.errors.csv", corrected)
		r := c.run(t, append([]string{"customers", "import", "c.csv"}, again...)...)
		require.Equal(t, 4, r.code)
		require.Contains(t, r.err, "c.errors.csv is left as it is")
		require.Contains(t, r.err, "Correct them in c.errors-2.csv and import that file")
		require.Equal(t, corrected, c.read(t, "c.errors.csv"))
		require.Equal(t, wrong, c.read(t, "c.errors-2.csv"))
	}
	left, err := filepath.Glob(filepath.Join(c.dir, "c.errors*"))
	require.NoError(t, err)
	require.Len(t, left, 2)
	c.ok(t, "customers", "import", "c.errors.csv")
}

// An error file of which nothing came yet may be written anew by the import that wrote it: it grows while that goes on.
func TestAnErrorFileGrowsWithItsImport(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	c.file(t, "c.csv", "name,email\nA,nonsense\n")
	require.Equal(t, 1, c.run(t, "customers", "import", "c.csv").code)
	c.file(t, "c.csv", "name,email\nA,nonsense\nB,too\n")
	require.Equal(t, 1, c.run(t, "customers", "import", "c.csv").code)
	require.Contains(t, c.read(t, "c.errors.csv"), "too")
	c.file(t, "c.csv", "name,email\nA,a@example.com\n")
	c.ok(t, "customers", "import", "c.csv")
	_, err := os.Stat(filepath.Join(c.dir, "c.errors.csv"))
	require.ErrorIs(t, err, os.ErrNotExist, "nothing is bad any more")
}

// Following the advice of the error file has to be possible: nothing was imported, so nothing can come twice.
func TestAFileOfWhichNothingCameIsImportedInAnotherWay(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	c.file(t, "c.csv", "name,email\nJ\xfcrgen,j@example.com\nK\xf6nig,k@example.com\n")
	r := c.run(t, "customers", "import", "c.csv")
	require.Equal(t, 1, r.code)
	require.Contains(t, c.read(t, "c.errors.csv"), "import it with --encoding windows-1252")
	require.Equal(t, imported{Rows: 2, Created: 2}, sum(t, c.run(t, "customers", "import", "c.csv", "--encoding", "windows-1252", "-o", "json")))
	require.Contains(t, c.ok(t, "customers", "list", "--query", "j@example.com"), "Jürgen")
	r = c.run(t, "customers", "import", "c.csv", "--encoding", "iso-8859-15")
	require.Equal(t, 7, r.code)
	require.Contains(t, r.err, "changed since 2 of its rows were imported")
}

// After a crash nobody knows whether rows that are not noted have arrived.
func TestAFileWhoseImportCrashedIsNotReadInAnotherWay(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	c.file(t, "c.csv", "name\nA\n")
	c.ok(t, "customers", "import", "c.csv")
	head, _, _ := strings.Cut(c.read(t, "c.csv.import"), "\n")
	c.file(t, "c.csv.import", head+"\n")
	r := c.run(t, "customers", "import", "c.csv", "--encoding", "windows-1252")
	require.Equal(t, 7, r.code)
	require.Contains(t, r.err, "some of its rows may have been created without a note of it")
}

// What is no JSON at all is kept in the error file as text, and what is has its members.
func TestBadLinesOfNDJSON(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	c.file(t, "c.ndjson", strings.Join([]string{
		`{"name":"A","metadata":{"n":"1"}}`, `{"name":`, `{"name":"B","mail":"x"}`, `{"name":12345678901234567890}`, `"text"`, `{}`, "\xff",
	}, "\n"))
	r := c.run(t, "customers", "import", "c.ndjson")
	require.Equal(t, 4, r.code, r.err)
	golden(t, "import-errors-ndjson", c.read(t, "c.errors.ndjson"))
}
