using System.Net;

namespace Interlock.Http.Upstreams;

/// <summary>
/// A body that is written to the wire at most once, unless it was turned away, and knows whether that began: until then a failed request is certain not
/// to have reached the upstream.
/// </summary>
internal sealed class OneShotContent : HttpContent
{
    private readonly byte[] _body;
    private int _sent;

    /// <summary>A body of JSON.</summary>
    public OneShotContent(byte[] json)
        : this(json, "application/json")
    {
    }

    /// <summary>A body of any kind, or of none: an empty one, too, is written once only.</summary>
    public OneShotContent(byte[] body, string? contentType)
    {
        _body = body;
        if (contentType is not null) Headers.TryAddWithoutValidation("Content-Type", contentType);
    }

    public bool Sent => Volatile.Read(ref _sent) != 0;

    /// <summary>The upstream said that it did not take it (HTTP 401): it may be written once more.</summary>
    public void Withdraw() => Volatile.Write(ref _sent, 0);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _sent, 1) != 0) throw new IOException("A call is sent at most once.");
        await stream.WriteAsync(_body, cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _body.Length;
        return true;
    }
}
