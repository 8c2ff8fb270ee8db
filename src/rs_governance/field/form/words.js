// Every text of the page, Chinese first; what comes with the data has both languages already.
const WORDS = {
  title: ["外业核查", "Field check"],
  list: ["清单", "List"],
  map: ["地图", "Map"],
  save: ["保存回传", "Save"],
  receiver: ["接收人", "For"],
  valid: ["有效期至", "until"],
  expired: ["本任务包已于 {0} 过期，请联系区级领取新包；仍可填写并保存。", "This package expired on {0}; ask the district for a new one. You can still fill in and save."],
  noPictures: ["本包没有影像，只显示图斑范围。", "This package has no pictures; only outlines are shown."],
  memoryOnly: ["此浏览器不能自动保存：关闭页面前请先“保存回传”。可换用手机自带浏览器打开。", "This browser cannot keep what you enter: use Save before closing the page, or open it in another browser."],
  photosMemory: ["此浏览器只能自动保存文字，照片请及时“保存回传”。", "This browser keeps texts only; Save before closing the page, for the photos."],
  byRoute: ["路线", "Route"],
  byUrgency: ["等级", "Urgency"],
  byDue: ["期限", "Due"],
  byDistance: ["距离", "Distance"],
  todoOnly: ["只看未完成", "To do only"],
  count: ["共 {0} 个，完成 {1} 个", "{0} in all, {1} done"],
  nothing: ["没有要显示的图斑。", "Nothing to show."],
  daysLeft: ["剩 {0} 天", "{0} days left"],
  dayLeft: ["剩 1 天", "1 day left"],
  dueToday: ["今天到期", "due today"],
  overdue: ["逾期 {0} 天", "{0} days late"],
  overdueDay: ["逾期 1 天", "1 day late"],
  noTerm: ["无期限", "no term"],
  untouched: ["未填", "open"],
  begun: ["已填", "begun"],
  done: ["完成", "done"],
  audit: ["抽查", "audit"],
  before: ["前", "Before"],
  after: ["后", "After"],
  drag: ["左右拖动对比前后影像", "Drag to compare before and after"],
  facts: ["图斑信息", "About the spot"],
  why: ["疑似依据", "Why it is suspected"],
  suspicion: ["卫星所见只是疑似，以现场为准。", "What the satellite saw is a suspicion; what you find counts."],
  amap: ["高德导航", "Navigate (Amap)"],
  otherMap: ["其他地图", "Other map app"],
  showOnMap: ["看地图", "On the map"],
  position: ["核查位置", "Where you stand"],
  locate: ["定位", "Locate me"],
  locating: ["定位中…", "Locating…"],
  tapMap: ["在图上点选", "Tap on the map"],
  tapHint: ["移动地图，点一下你所在的位置", "Move the map and tap where you stand"],
  useThis: ["用此位置", "Use this place"],
  cancel: ["取消", "Cancel"],
  noLocation: ["不能自动定位（{0}），请在图上点选。", "No position from this phone ({0}); tap on the map instead."],
  fromSpot: ["距图斑 {0}", "{0} from the spot"],
  accuracy: ["误差约 {0}", "within about {0}"],
  tapped: ["图上点选", "tapped on the map"],
  farAway: ["离图斑较远，请确认找对了地方。", "Far from the spot: is this the right place?"],
  verdict: ["现场认定", "What it is"],
  grounds: ["结论建议", "Proposed resolution"],
  photos: ["现场照片", "Photos"],
  takePhoto: ["拍照", "Take a photo"],
  pickPhoto: ["相册", "From the album"],
  photoHint: ["至少一张能看清图斑的照片；原图保存，不压缩。", "At least one that shows the spot; originals are kept as they are."],
  facing: ["拍摄方向", "Facing"],
  unknown: ["不详", "unknown"],
  indoor: ["室内", "indoors"],
  photoNote: ["照片说明", "About the photo"],
  remove: ["删除", "Remove"],
  reallyRemove: ["删除这张照片？", "Remove this photo?"],
  reading: ["读取照片 {0}%", "Reading the photo {0}%"],
  note: ["现场说明", "Notes"],
  yes: ["是", "Yes"],
  no: ["否", "No"],
  required: ["必填", "required"],
  more: ["更多情况（选填）", "More (optional)"],
  markDone: ["完成核查", "Mark as done"],
  reopen: ["已完成，点此修改", "Done; tap to change"],
  missing: ["还缺：", "Still missing: "],
  onePhoto: ["照片", "a photo"],
  previous: ["上一个", "Previous"],
  next: ["下一个", "Next"],
  back: ["返回", "Back"],
  saved: ["已自动保存", "Kept on this phone"],
  saveTitle: ["保存回传文件", "Save the return file"],
  saveText: ["把填写内容和照片存成一个文件，发回区级或街镇；没有完成的也可以先存，可多次保存，重复的不会重复计入。", "Puts all you entered and the photos into one file to send back. Unfinished is fine; save as often as you like, nothing counts twice."],
  summary: ["已完成 {0} 个，已填未完成 {1} 个，照片 {2} 张（{3}）", "{0} done, {1} begun, {2} photos ({3})"],
  saveButton: ["保存文件", "Save the file"],
  saving: ["正在写入 {0}%", "Writing {0}%"],
  savedFile: ["已保存 {0}（{1}）。请在“下载”里找到它并发回。", "Saved {0} ({1}). Find it under downloads and send it back."],
  nothingYet: ["还没有填写任何内容。", "Nothing was entered yet."],
  loadTitle: ["继续填写", "Go on from a file"],
  loadText: ["换了手机或浏览器时，可载入此前保存的回传文件继续填写。", "After changing phone or browser, load a return file that you saved before."],
  loadButton: ["载入文件", "Load a file"],
  loaded: ["已载入 {0} 个图斑。", "{0} spots were loaded."],
  notOurs: ["这不是本任务包（{0}）的回传文件。", "This is no return file of this package ({0})."],
  failed: ["没有成功：{0}", "It failed: {0}"],
  fit: ["全图", "All"],
  open: ["打开", "Open"],
  zoomIn: ["放大", "Zoom in"],
  zoomOut: ["缩小", "Zoom out"],
  me: ["我的位置", "Where am I"],
  straight: ["连线为建议次序，不是道路", "The line is an order, not a road"],
  noPair: ["没有前后影像", "No pictures"],
};
const COMPASS = [[0, "北", "N"], [45, "东北", "NE"], [90, "东", "E"], [135, "东南", "SE"], [180, "南", "S"], [225, "西南", "SW"], [270, "西", "W"], [315, "西北", "NW"]];

let language = "zh";

function say(key, ...values) {
  const text = WORDS[key][language === "zh" ? 0 : 1];
  return text.replace(/\{(\d)\}/g, (_, place) => values[Number(place)]);
}

// A text of the data: {zh, en}.
function told(word) {
  return (language === "en" && word.en) || word.zh;
}

function metres(distance) {
  return distance < 1000 ? `${Math.round(distance)} m` : `${(distance / 1000).toFixed(distance < 10000 ? 1 : 0)} km`;
}

function bytes(size) {
  return size < 1e6 ? `${Math.ceil(size / 1e3)} kB` : `${(size / 1e6).toFixed(1)} MB`;
}

// An element from texts and other elements; texts never become markup.
function make(tag, settings, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(settings || {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "className" || name === "value" || name === "checked" || name === "disabled") element[name] = value;
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}
