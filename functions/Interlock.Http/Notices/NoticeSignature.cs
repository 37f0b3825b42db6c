using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Interlock.Http.Notices;

/// <summary>
/// Signs a message as Standard Webhooks says: HMAC-SHA256 over <c>id.timestamp.body</c>, in headers. Each try has its own timestamp, so that receivers can refuse
/// what is old; the id stays.
/// </summary>
internal static class NoticeSignature
{
    public static void Add(HttpRequestMessage request, string id, DateTimeOffset at, ReadOnlySpan<byte> body, ReadOnlySpan<byte> key)
    {
        var timestamp = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        byte[] signed = [.. Encoding.ASCII.GetBytes($"{id}.{timestamp}."), .. body];
        request.Headers.Add("webhook-id", id);
        request.Headers.Add("webhook-timestamp", timestamp);
        request.Headers.Add("webhook-signature", "v1," + Convert.ToBase64String(HMACSHA256.HashData(key, signed)));
    }
}
