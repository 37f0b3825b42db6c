using System.Text;
using Interlock.Http.Hosting;
using Interlock.Http.Sessions;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Pages;

/// <summary>Sends a page.</summary>
internal static class PageResult
{
    public static Task WriteAsync(HttpContext context, int status, Html page)
    {
        var bytes = Encoding.UTF8.GetBytes(page.ToString());
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.ContentLength = bytes.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
    }

    public static Task RefuseAsync(HttpContext context, int status, string rule, string title, string detail) =>
        ProblemResponse.WriteAsync(context, ProblemResponse.Of(status, rule, title, detail));

    /// <summary>To the sign-in, and from there back to the page that was asked for.</summary>
    public static Task SignInAsync(HttpContext context) => SeeOther(context, $"/signin?return={Uri.EscapeDataString(LocalPath.Or(context.Request.Path.Value))}");

    /// <summary>After a POST: look at the page with a GET.</summary>
    public static Task SeeOther(HttpContext context, string path)
    {
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = path;
        return Task.CompletedTask;
    }
}
