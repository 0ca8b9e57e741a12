module example.com/sse

go 1.21
