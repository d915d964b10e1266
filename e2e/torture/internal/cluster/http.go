package cluster

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// exchange makes a request and decodes its JSON answer into result, unless that is nil. An answer that nothing is there
// to be deleted is no error.
func exchange(request *http.Request, result any) error {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("%s %s: %w", request.Method, request.URL.Path, err)
	}
	defer func() { _ = response.Body.Close() }()
	gone := request.Method == http.MethodDelete && response.StatusCode == http.StatusNotFound
	if response.StatusCode >= http.StatusMultipleChoices && !gone {
		return fmt.Errorf("%s %s: %s", request.Method, request.URL.Path, response.Status)
	}
	if result == nil {
		_, err = io.Copy(io.Discard, response.Body)
		return err
	}
	if err := json.NewDecoder(response.Body).Decode(result); err != nil {
		return fmt.Errorf("%s %s: %w", request.Method, request.URL.Path, err)
	}
	return nil
}
