package ledger

import (
	"crypto/rand"
	"encoding/binary"
	"time"

	"github.com/google/uuid"
)

// idAt returns a new UUIDv7 of a moment; the zero moment is now.
func idAt(at time.Time) uuid.UUID {
	if at.IsZero() {
		return uuid.Must(uuid.NewV7())
	}
	id := floor(at)
	_, _ = rand.Read(id[6:]) // never fails: crypto/rand aborts the program instead
	// As google/uuid does, the twelve bits after the milliseconds go on with the time.
	fraction := uint16(at.Nanosecond() % int(time.Millisecond) >> 8)
	binary.BigEndian.PutUint16(id[6:], 0x7000|fraction)
	id[8] = id[8]&0x3f | 0x80
	return id
}

// floor is the lowest id that a moment can have. It is ledger_floor in SQL.
func floor(at time.Time) uuid.UUID {
	var id uuid.UUID
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(at.UnixMilli()))
	copy(id[:6], ms[2:])
	return id
}

// timeOf is the time in a UUIDv7, to the millisecond. Of any other UUID it is some time.
func timeOf(id uuid.UUID) time.Time {
	var ms [8]byte
	copy(ms[2:], id[:6])
	return time.UnixMilli(int64(binary.BigEndian.Uint64(ms[:]))).UTC() //nolint:gosec // 48 bits
}
