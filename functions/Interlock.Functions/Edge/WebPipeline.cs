using Interlock.Http.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Interlock.Functions.Edge;

/// <summary>The pipeline that the embedded host serves too, built once over the worker's services.</summary>
public sealed class WebPipeline
{
    public WebPipeline(IServiceProvider services, InterlockWeb web)
    {
        var app = new ApplicationBuilder(services);
        InterlockPipeline.Map(app, web);
        HandleAsync = app.Build();
    }

    public RequestDelegate HandleAsync { get; }
}
