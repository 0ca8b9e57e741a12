// A job server with net/http alone: each job's subscribers are channels in a map.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

type hub struct {
	mu   sync.Mutex
	subs map[string]map[chan string]struct{}
}

func (h *hub) subscribe(job string) (chan string, func()) {
	ch := make(chan string, 64)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.subs[job] == nil {
		h.subs[job] = map[chan string]struct{}{}
	}
	h.subs[job][ch] = struct{}{}
	return ch, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.subs[job], ch)
		if len(h.subs[job]) == 0 {
			delete(h.subs, job)
		}
	}
}

func (h *hub) publish(job, message string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ch := range h.subs[job] {
		select {
		case ch <- message:
		default: // A slow client loses the message; the others do not wait for it.
		}
	}
}

func (h *hub) stream(w http.ResponseWriter, r *http.Request, job string) {
	flusher, ok := w.(http.Flusher)
	if !ok {
		http.Error(w, "streaming is not supported", http.StatusInternalServerError)
		return
	}
	messages, unsubscribe := h.subscribe(job)
	defer unsubscribe()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	w.WriteHeader(http.StatusOK)
	flusher.Flush()
	for {
		select {
		case message := <-messages:
			fmt.Fprint(w, message)
			flusher.Flush()
		case <-r.Context().Done():
			return
		}
	}
}

func (h *hub) work(job string, steps int, perSecond float64) {
	ticker := time.NewTicker(time.Duration(float64(time.Second) / perSecond))
	defer ticker.Stop()
	for step := 1; step <= steps; step++ {
		<-ticker.C
		data, _ := json.Marshal(map[string]any{"step": step, "of": steps, "at": time.Now().Format(time.RFC3339Nano)})
		event := "progress"
		if step == steps {
			event = "done"
		}
		h.publish(job, fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", step, event, data))
	}
}

// ServeHTTP answers POST /jobs/{job} and GET /jobs/{job}/events.
func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	job, isStream := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/jobs/"), "/events")
	switch {
	case isStream && r.Method == http.MethodGet:
		h.stream(w, r, job)
	case !isStream && r.Method == http.MethodPost:
		steps, _ := strconv.Atoi(r.URL.Query().Get("steps"))
		rate, _ := strconv.ParseFloat(r.URL.Query().Get("rate"), 64)
		if steps < 1 || rate <= 0 {
			http.Error(w, "steps and rate must be positive", http.StatusBadRequest)
			return
		}
		go h.work(job, steps, rate)
		w.WriteHeader(http.StatusAccepted)
	default:
		http.NotFound(w, r)
	}
}

func main() {
	mux := http.NewServeMux()
	mux.Handle("/jobs/", &hub{subs: map[string]map[chan string]struct{}{}})
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	host := os.Getenv("HOST")
	if host == "" {
		host = "127.0.0.1"
	}
	server := &http.Server{Addr: net.JoinHostPort(host, os.Getenv("PORT")), Handler: mux}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			log.Fatal(err)
		}
	}()
	<-ctx.Done()
	// Shutdown waits for open requests, and a stream is one: it ends with the time-out.
	deadline, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if err := server.Shutdown(deadline); err != nil {
		log.Print(err)
	}
}
