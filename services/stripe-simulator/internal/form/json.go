package form

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// FromJSON turns decoded JSON (with json.Number for numbers) into the parameters that say the same: null and the empty
// list clear. The names of an object come sorted.
func FromJSON(decoded any) *Value {
	switch x := decoded.(type) {
	case nil:
		return NewText("")
	case string:
		return NewText(x)
	case map[string]any:
		v := &Value{}
		for _, name := range slices.Sorted(maps.Keys(x)) {
			v.Set(name, FromJSON(x[name]))
		}
		return v
	case []any:
		if len(x) == 0 {
			return NewText("")
		}
		v := &Value{}
		for i, item := range x {
			v.Set(strconv.Itoa(i), FromJSON(item))
		}
		return v
	default:
		return NewText(fmt.Sprint(x))
	}
}
