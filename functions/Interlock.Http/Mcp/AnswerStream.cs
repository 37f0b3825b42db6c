using System.Buffers;
using System.Text.Json;
using Interlock.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Interlock.Http.Mcp;

/// <summary>
/// Writes the answer to one request: as one JSON document when it is there soon and nothing went before it, else as an event stream that sends notifications
/// as they come and a comment while it stays silent, so that neither clients nor proxies give up.
/// </summary>
internal sealed class AnswerStream(HttpContext context, McpEndpointOptions options, TimeProvider time)
{
    /// <summary>How many notifications wait for a slow client; the oldest give way.</summary>
    private const int MaxWaiting = 256;

    private static readonly byte[] Comment = ": keep-alive\n\n"u8.ToArray();
    private static readonly byte[] EventStart = "event: message\ndata: "u8.ToArray();
    private static readonly byte[] EventEnd = "\n\n"u8.ToArray();

    private readonly Lock _lock = new();
    private Queue<JsonValue>? _waiting;
    private TaskCompletionSource? _arrived;
    private bool _ended;

    public void Notify(JsonValue message)
    {
        lock (_lock)
        {
            if (_ended) return;
            _waiting ??= new Queue<JsonValue>();
            if (_waiting.Count == MaxWaiting) _waiting.Dequeue();
            _waiting.Enqueue(message);
            _arrived?.TrySetResult();
        }
    }

    /// <summary>Sends what comes until the work has ended, and then its answer.</summary>
    public async Task SendAsync(ValueTask<McpAnswer> work, JsonValue id, bool isNewest, CancellationToken ct)
    {
        var answer = work.IsCompleted ? work.AsTask() : await UntilLateAsync(work.AsTask());
        if (answer.IsCompleted && !IsWaiting())
        {
            await WriteAsync(id, await answer, isNewest, ct);
            return;
        }
        Begin();
        await context.Response.Body.FlushAsync(ct);
        while (true)
        {
            var isLast = answer.IsCompleted; // asked first: what was sent before the end goes out before the answer
            while (Next() is { } message) await WriteEventAsync(writer => JsonBytes.Write(writer, message), ct);
            if (isLast) break;
            await WaitAsync(answer, options.KeepAliveEvery);
            if (!answer.IsCompleted && !IsWaiting()) await SendAsync(Comment, ct);
        }
        End();
        var last = await answer;
        await WriteEventAsync(writer => Write(writer, id, last, isNewest), ct);
    }

    /// <summary>An answer of its own, as JSON.</summary>
    public async Task WriteAsync(JsonValue id, McpAnswer answer, bool isNewest, CancellationToken ct)
    {
        End();
        if (answer.Error is { } error) context.Response.StatusCode = isNewest ? StatusOf(error) : error.Status;
        var bytes = new ArrayBufferWriter<byte>(1024);
        using (var writer = JsonBytes.Writer(bytes)) Write(writer, id, answer, isNewest);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = bytes.WrittenCount;
        await context.Response.Body.WriteAsync(bytes.WrittenMemory, ct);
    }

    private async Task<Task<McpAnswer>> UntilLateAsync(Task<McpAnswer> work)
    {
        await WaitAsync(work, options.FlushHeadersAfter);
        return work;
    }

    /// <summary>Until the work ends, something is to be sent, or the time is over.</summary>
    private async Task WaitAsync(Task work, TimeSpan patience)
    {
        Task arrived;
        lock (_lock)
        {
            if (_waiting is { Count: > 0 }) return;
            arrived = (_arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
        Task either = Task.WhenAny(work, arrived);
        await either.WaitAsync(patience, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private bool IsWaiting()
    {
        lock (_lock) return _waiting is { Count: > 0 };
    }

    private JsonValue? Next()
    {
        lock (_lock) return _waiting is { Count: > 0 } waiting ? waiting.Dequeue() : null;
    }

    private void End()
    {
        lock (_lock) _ended = true;
    }

    private void Begin()
    {
        var headers = context.Response.Headers;
        headers.ContentType = "text/event-stream";
        headers.CacheControl = "no-cache,no-store";
        headers["X-Accel-Buffering"] = "no";
        context.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();
    }

    private async Task WriteEventAsync(Action<Utf8JsonWriter> write, CancellationToken ct)
    {
        var bytes = new ArrayBufferWriter<byte>(1024);
        bytes.Write(EventStart);
        using (var writer = JsonBytes.Writer(bytes)) write(writer);
        bytes.Write(EventEnd);
        await SendAsync(bytes.WrittenMemory, ct);
    }

    private async Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        await context.Response.Body.WriteAsync(bytes, ct);
        await context.Response.Body.FlushAsync(ct);
    }

    private static int StatusOf(McpError error) => error.Code switch
    {
        McpErrorCodes.MethodNotFound => StatusCodes.Status404NotFound,
        McpErrorCodes.MissingCapability or McpErrorCodes.UnsupportedVersion or McpErrorCodes.HeaderMismatch => StatusCodes.Status400BadRequest,
        _ => error.Status,
    };

    private static void Write(Utf8JsonWriter writer, JsonValue id, McpAnswer answer, bool isNewest)
    {
        writer.WriteStartObject();
        writer.WriteString("jsonrpc"u8, "2.0"u8);
        writer.WritePropertyName("id"u8);
        JsonBytes.Write(writer, id);
        if (answer.Error is { } error)
        {
            writer.WritePropertyName("error"u8);
            JsonBytes.Write(writer, error.ToJson());
        }
        else
        {
            var result = answer.Result ?? JsonValue.EmptyObject;
            writer.WriteStartObject("result"u8);
            if (isNewest && result["resultType"] is null) writer.WriteString("resultType"u8, "complete"u8);
            JsonBytes.WriteMembers(writer, result);
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }
}
