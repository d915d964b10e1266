package customers

// Limits of what a REST client may write. The lengths are those of Stripe's published OpenAPI description, in
// characters, so that what the catalog accepts can also be mirrored.
const (
	MaxName        = 256
	MaxEmail       = 512
	MaxPhone       = 20
	MaxText        = 5000 // description, and every part of an address or of shipping
	MaxLocales     = 20
	MaxLocale      = 35 // the longest language tag that RFC 5646 asks everybody to support
	MaxMetadata    = 48 // of Stripe's 50 keys, two are DataSync's marks
	MaxMetadataKey = 40
	MaxMetadataVal = 500
)

// ReservedMetadata begins the metadata keys that belong to DataSync.
const ReservedMetadata = "datasync_"

// maxLength is the limit of the value at a canonical path.
func maxLength(path string) int {
	switch path {
	case "name":
		return MaxName
	case "email":
		return MaxEmail
	case "phone":
		return MaxPhone
	}
	if isMetadata(path) {
		return MaxMetadataVal
	}
	return MaxText
}
