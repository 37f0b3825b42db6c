using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Pages;

/// <summary>The one style sheet, embedded in the assembly; its address changes with its content.</summary>
internal static class Stylesheet
{
    public const string Path = "/assets/site.css";

    private static readonly byte[] Content = Read();

    public static string Version { get; } = Convert.ToHexStringLower(SHA256.HashData(Content).AsSpan(0, 6));

    public static Task WriteAsync(HttpContext context)
    {
        context.Response.ContentType = "text/css; charset=utf-8";
        context.Response.ContentLength = Content.Length;
        context.Response.Headers.CacheControl = "public, max-age=86400";
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(Content, context.RequestAborted).AsTask();
    }

    private static byte[] Read()
    {
        const string name = "Interlock.Http.Pages.Assets.site.css";
        using var resource = typeof(Stylesheet).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"The resource {name} is missing.");
        using var copy = new MemoryStream();
        resource.CopyTo(copy);
        return copy.ToArray();
    }
}
