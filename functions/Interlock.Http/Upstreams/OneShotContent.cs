using System.Net;
using System.Net.Http.Headers;

namespace Interlock.Http.Upstreams;

/// <summary>
/// A JSON body that is written to the wire at most once, unless it was turned away, and knows whether that began: until then a failed request is certain not
/// to have reached the upstream.
/// </summary>
internal sealed class OneShotContent : HttpContent
{
    private readonly byte[] _json;
    private int _sent;

    public OneShotContent(byte[] json)
    {
        _json = json;
        Headers.ContentType = new MediaTypeHeaderValue("application/json");
    }

    public bool Sent => Volatile.Read(ref _sent) != 0;

    /// <summary>The upstream said that it did not take it (HTTP 401): it may be written once more.</summary>
    public void Withdraw() => Volatile.Write(ref _sent, 0);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _sent, 1) != 0) throw new IOException("A call is sent at most once.");
        await stream.WriteAsync(_json, cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _json.Length;
        return true;
    }
}
