using System.Net;
using System.Net.Sockets;

namespace Interlock.Http.Upstreams;

/// <summary>
/// The one way out: every outbound request uses a handler made here. It follows no redirect, uses no proxy, keeps no cookies,
/// connects only to addresses it has checked (so a second DNS answer changes nothing), and reads no more than the limit.
/// </summary>
public static class EgressHandler
{
    private const int MaxHeaderKilobytes = 64;

    /// <exception cref="EgressDeniedException">Thrown by requests, within the HttpRequestException, when no address may be used.</exception>
    public static HttpMessageHandler Create(EgressOptions options)
    {
        options.Validate();
        return new GuardedHandler(options.MaxResponseBytes)
        {
            InnerHandler = new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseProxy = false,
                UseCookies = false,
                AutomaticDecompression = DecompressionMethods.None,
                ActivityHeadersPropagator = null, // trace context is the call's, not the ambient one's
                ConnectTimeout = options.ConnectTimeout,
                PooledConnectionLifetime = TimeSpan.FromMinutes(5), // names are resolved and checked anew
                MaxResponseDrainSize = 0,
                MaxResponseHeadersLength = MaxHeaderKilobytes,
                ConnectCallback = (context, ct) => ConnectAsync(options, context.DnsEndPoint, ct),
            },
        };
    }

    private static async ValueTask<Stream> ConnectAsync(EgressOptions options, DnsEndPoint target, CancellationToken ct)
    {
        var found = await Dns.GetHostAddressesAsync(target.Host, ct);
        var allowed = EgressRules.Allowed(options, target.Host, found);
        if (allowed.Length == 0)
            throw new EgressDeniedException(
                $"{target.Host} leads to no address that may be called. Register a public address, or allow it in the egress options.");

        for (var i = 0; ; i++)
        {
            var socket = new Socket(allowed[i].AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(allowed[i], target.Port, ct);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException) when (i + 1 < allowed.Length)
            {
                socket.Dispose();
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }

    private sealed class GuardedHandler(long limit) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri is not { Scheme: "http" or "https" })
                throw new EgressDeniedException($"{request.RequestUri} is neither http nor https.");
            if (request.Content is { Headers.ContentLength: null } body) await body.LoadIntoBufferAsync(cancellationToken); // many servers read no chunked body
            var response = await base.SendAsync(request, cancellationToken);
            if (response.Content.Headers.ContentLength > limit)
            {
                response.Dispose();
                throw new ResponseTooLargeException(limit);
            }
            var headers = response.Content.Headers;
            var limited = new StreamContent(new LimitedStream(await response.Content.ReadAsStreamAsync(cancellationToken), limit));
            foreach (var (name, values) in headers) limited.Headers.TryAddWithoutValidation(name, values);
            response.Content = limited;
            return response;
        }
    }
}
