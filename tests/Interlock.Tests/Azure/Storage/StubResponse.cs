using System.Diagnostics.CodeAnalysis;
using Azure;
using Azure.Core;

namespace Interlock.Tests.Azure.Storage;

/// <summary>A service's answer: a status, headers, and what the double's client makes its result of.</summary>
internal sealed class StubResponse(int status, string? etag = null) : Response
{
    private readonly Dictionary<string, string> _headers = etag is null ? [] : new(StringComparer.OrdinalIgnoreCase) { ["ETag"] = etag };

    public object? Result { get; init; }

    /// <summary>The service's refusal: its status may stand inside a batch whose own is 202.</summary>
    public ServiceError? Error { get; init; }

    public override int Status => status;

    public override string ReasonPhrase => "";

    public override Stream? ContentStream { get; set; }

    public override string ClientRequestId { get; set; } = "";

    public override void Dispose()
    {
    }

    protected override bool ContainsHeader(string name) => _headers.ContainsKey(name);

    protected override IEnumerable<HttpHeader> EnumerateHeaders() => _headers.Select(header => new HttpHeader(header.Key, header.Value));

    protected override bool TryGetHeader(string name, [NotNullWhen(true)] out string? value) => _headers.TryGetValue(name, out value);

    protected override bool TryGetHeaderValues(string name, [NotNullWhen(true)] out IEnumerable<string>? values)
    {
        values = _headers.TryGetValue(name, out var value) ? [value] : null;
        return values is not null;
    }
}
