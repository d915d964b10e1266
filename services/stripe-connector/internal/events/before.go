package events

import (
	"encoding/json"
	"maps"
)

// before is the object as it was before the event: the object with the previous attributes put back. False when the
// event does not tell.
func (d data) before() (json.RawMessage, bool) {
	var object, previous map[string]any
	if json.Unmarshal(d.Object, &object) != nil || json.Unmarshal(d.Previous, &previous) != nil || previous == nil {
		return nil, false
	}
	before, err := json.Marshal(putBack(object, previous))
	return before, err == nil
}

// putBack overlays previous over object. In a nested object only what has changed is told; one that was not there
// before, or is not there any more, is told as a whole.
func putBack(object, previous map[string]any) map[string]any {
	before := maps.Clone(object)
	for name, value := range previous {
		was, nested := value.(map[string]any)
		is, both := object[name].(map[string]any)
		if nested && both {
			before[name] = putBack(is, was)
		} else {
			before[name] = value
		}
	}
	return before
}
