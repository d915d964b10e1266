package account

import "crypto/rand"

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// NewID returns an id such as cus_Nffrz3Wdj2Mmn1: a prefix and n random letters or digits.
func NewID(prefix string, n int) string {
	id := make([]byte, 0, len(prefix)+n)
	id = append(id, prefix...)
	var buf [32]byte
	for len(id) < len(prefix)+n {
		_, _ = rand.Read(buf[:]) // never fails
		for _, b := range buf {
			if b < 248 && len(id) < len(prefix)+n { // 248 = 4 * 62: no letter is likelier than another
				id = append(id, alphabet[b%62])
			}
		}
	}
	return string(id)
}

// newInvoicePrefix returns eight hex digits as Stripe gives to a customer.
func newInvoicePrefix() string {
	const hex = "0123456789ABCDEF"
	var buf [8]byte
	_, _ = rand.Read(buf[:]) // never fails
	for i, b := range buf {
		buf[i] = hex[b%16]
	}
	return string(buf[:])
}
