// Package nearest finds the name that somebody meant who wrote another one.
package nearest

import "strings"

// maxDistance is how many letters may be wrong for a name to be suggested.
const maxDistance = 3

// Of returns the name that is most like the word; "" when none is.
func Of(word string, names []string) string {
	best, least := "", maxDistance+1
	for _, name := range names {
		d := distance(strings.ToLower(word), name)
		if strings.HasPrefix(name, strings.ToLower(word)) {
			d = min(d, 1)
		}
		if d < least && d < max(len(word), len(name)) {
			best, least = name, d
		}
	}
	return best
}

// distance is how many letters have to be changed, added or left out (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
