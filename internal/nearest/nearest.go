// Package nearest finds what a misspelt word was meant to be.
package nearest

import (
	"strings"

	"github.com/agext/levenshtein"
)

// Of is the known word that takes the fewest changes of letters to get from word, whatever the case, or nothing if all take
// more than limit. Of several it is the first.
func Of(word string, known []string, limit int) string {
	best, least := "", limit+1
	for _, k := range known {
		if d := levenshtein.Distance(strings.ToLower(word), strings.ToLower(k), nil); d < least {
			best, least = k, d
		}
	}
	return best
}
