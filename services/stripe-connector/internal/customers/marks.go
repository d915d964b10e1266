package customers

import (
	"strconv"
	"strings"

	"github.com/datasync-dev/datasync/pkg/connector"
)

// The keys of the metadata that marks an object as ours. No key that begins with reserved is a user's.
const (
	reserved    = "datasync_"
	keyLocalID  = reserved + "id"
	keyVersion  = reserved + "version"
	markDivider = ":"
)

// Marks writes and reads the marks of the connector called Name. A mark is "<name>:<local id>", so that the customers
// of another connector, or of another installation with another name, are not taken for ours.
type Marks struct{ Name string }

func (m Marks) id(localID string) string { return m.Name + markDivider + localID }

// metadata returns what a call sets beside the record's own metadata.
func (m Marks) metadata(call connector.Call) map[string]string {
	return map[string]string{keyLocalID: m.id(call.LocalID), keyVersion: strconv.FormatInt(call.Version, 10)}
}

// parse returns the local id and the version in an object's metadata, or nothing when the mark is not ours.
func (m Marks) parse(metadata map[string]string) (localID string, version int64) {
	localID, ours := strings.CutPrefix(metadata[keyLocalID], m.Name+markDivider)
	if !ours || localID == "" {
		return "", 0
	}
	version, err := strconv.ParseInt(metadata[keyVersion], 10, 64)
	if err != nil || version < 0 {
		return localID, 0 // somebody edited it by hand
	}
	return localID, version
}
