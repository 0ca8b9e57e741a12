"""A generator behind an EventSourceResponse, as the documentation of sse-starlette has it."""

import asyncio
import json
import time

from fastapi import FastAPI, Request
from sse_starlette.sse import EventSourceResponse

app = FastAPI()


@app.get("/health")
async def health():
    return {"status": "ok"}


@app.get("/chats/{chat}/answer")
async def answer(request: Request, chat: str, tokens: int = 20, rate: float = 5):
    async def generate():
        for number in range(1, tokens + 1):
            await asyncio.sleep(1 / rate)
            if await request.is_disconnected():
                return
            data = {"chat": chat, "text": "word ", "at": round(time.time() * 1000)}
            event = "end" if number == tokens else "token"
            yield {"id": str(number), "event": event, "data": json.dumps(data)}

    return EventSourceResponse(generate())
