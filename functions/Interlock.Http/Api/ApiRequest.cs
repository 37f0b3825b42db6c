using System.Globalization;
using System.Text;
using Interlock.Core.Identity;
using Interlock.Http.Hosting;
using Interlock.Json;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Api;

/// <summary>A request that passed authentication, roles and validation. A public operation has no caller.</summary>
internal sealed class ApiRequest(HttpContext http, InterlockWeb web, Principal? caller, byte[] bytes, string mediaType, JsonValue? json)
{
    public HttpContext Http => http;

    public InterlockWeb Web => web;

    public Principal Caller => caller ?? throw new InvalidOperationException("A public operation has no caller.");

    /// <summary>The body as our strict reader read it; null for text bodies.</summary>
    public JsonValue Json => json ?? JsonValue.Null;

    public string MediaType => mediaType;

    public CancellationToken Aborted => http.RequestAborted;

    /// <summary>The body as text, or null when it is no UTF-8.</summary>
    public string? Text()
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>A part of the path; the route has it.</summary>
    public string Part(string name) => http.Request.RouteValues[name] as string ?? "";

    public string? Query(string name) => http.Request.Query.TryGetValue(name, out var values) && values.Count == 1 ? values[0] : null;

    /// <summary>A number of the query within bounds.</summary>
    public int Number(string name, int standard, int max) =>
        int.TryParse(Query(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? Math.Min(number, max) : standard;
}
