// Package nearest finds what a misspelt word was meant to be.
package nearest

import (
	"strings"
	"unicode/utf8"

	"github.com/agext/levenshtein"
)

// Of is the known word that takes the fewest changes of letters to get from word, whatever the case, or nothing if all take
// more than limit. Of several it is the first.
func Of(word string, known []string, limit int) string {
	best, least := "", limit+1
	for _, k := range known {
		if n := utf8.RuneCountInString(k) - utf8.RuneCountInString(word); n > limit || -n > limit {
			continue // so many letters come or go at least
		}
		if d := levenshtein.Distance(strings.ToLower(word), strings.ToLower(k), nil); d < least {
			best, least = k, d
		}
	}
	return best
}
