package server

import "net/http"

// health is the cheap question whether a service works. It needs the token and meets faults like every other call.
func health(call) answer {
	return answer{status: http.StatusOK, body: map[string]string{"status": "ok"}}
}
