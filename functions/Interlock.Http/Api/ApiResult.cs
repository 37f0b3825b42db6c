using Interlock.Core;
using Interlock.Http.Hosting;
using Interlock.Json;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Api;

/// <summary>What an operation answers.</summary>
internal abstract record ApiResult
{
    public static ApiResult Ok(JsonValue body, int status = 200, string? location = null) => new Answer(status, body, location);

    /// <summary>The refusal that it is, unless that was recorded where it was made.</summary>
    public virtual Problem? Unrecorded => null;

    public static ApiResult Fail(Problem problem, JsonValue? more = null) => new Failure(problem, more, IsRecorded: false);

    /// <summary>A refusal that is in the audit already.</summary>
    public static ApiResult FailRecorded(Problem problem, JsonValue? more = null) => new Failure(problem, more, IsRecorded: true);

    public static ApiResult NotFound(string what) => Fail(new Problem(ProblemTypes.NotFound, 404, "There is no such thing", what) { Stage = "http", Rule = "not-found" });

    public static ApiResult Streamed(string contentType, Func<Stream, CancellationToken, Task> write) => new Chunks(contentType, write);

    /// <summary>Bytes of others: to be saved, and whatever they are, nothing of them runs or loads anything.</summary>
    public static ApiResult Download(string contentType, string name, byte[] content) => new Attachment(contentType, name, content);

    public static ApiResult Empty(int status) => new Nothing(status);

    public abstract Task WriteAsync(HttpContext context);

    private sealed record Answer(int Status, JsonValue Body, string? Location) : ApiResult
    {
        public override Task WriteAsync(HttpContext context)
        {
            context.Response.StatusCode = Status;
            if (Location is not null) context.Response.Headers.Location = Location;
            return ProblemResponse.WriteJsonAsync(context, "application/json", Body);
        }
    }

    private sealed record Failure(Problem Problem, JsonValue? More, bool IsRecorded) : ApiResult
    {
        public override Problem? Unrecorded => !IsRecorded && CallerRefusals.IsRefusal(Problem) ? Problem : null;

        public override Task WriteAsync(HttpContext context) => ProblemResponse.WriteAsync(context, Problem, More);
    }

    private sealed record Chunks(string ContentType, Func<Stream, CancellationToken, Task> Write) : ApiResult
    {
        public override Task WriteAsync(HttpContext context)
        {
            context.Response.ContentType = ContentType;
            return Write(context.Response.Body, context.RequestAborted);
        }
    }

    private sealed record Attachment(string ContentType, string Name, byte[] Content) : ApiResult
    {
        public override Task WriteAsync(HttpContext context)
        {
            var headers = context.Response.Headers;
            context.Response.ContentType = ContentType;
            context.Response.ContentLength = Content.Length;
            headers.ContentDisposition = $"attachment; filename=\"{Name}\"";
            headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
            headers.XContentTypeOptions = "nosniff";
            return context.Response.Body.WriteAsync(Content, context.RequestAborted).AsTask();
        }
    }

    private sealed record Nothing(int Status) : ApiResult
    {
        public override Task WriteAsync(HttpContext context)
        {
            context.Response.StatusCode = Status;
            return Task.CompletedTask;
        }
    }
}
